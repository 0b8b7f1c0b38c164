extension Gram {
    /// The gradient with respect to the features of what has the gradient D with respect to the
    /// matrix, or those of patches: `2 s²/n · D F`, of centred products `D F_c`, for the rows of D F_c
    /// have no mean.
    /// - Parameter upper: the upper triangle of D, of patches one after another.
    func slope(of summary: Summary, upper: [Double], _ matrix: GramMatrix) -> SummarySlope {
        let triangle = GramMatrix.upperCount(order: matrix.order)
        let parts = (0..<matrix.count).map { number in
            part(
                of: summary, Array(upper[number * triangle..<(number + 1) * triangle]), matrix)
        }
        return SummarySlope(parts: parts, side: patch)
    }

    private func part(
        of summary: Summary, _ elements: [Double], _ matrix: GramMatrix
    ) -> AffineSlope {
        let order = summary.shape.channels
        let positions = patch.map { $0 * $0 } ?? summary.shape.positions
        var upper = elements
        let square = scale * scale
        let factor: Double
        switch normaliser {
        case .none: factor = 2 * square
        case .positions: factor = 2 * square / Double(positions)
        case .elements: factor = 2 * square / Double(order * positions)
        case .constant(let constant): factor = 2 * square / constant
        case .deviations:
            upper = correlationSlopes(elements, matrix, summary)
            factor = 2
        }
        for i in upper.indices { upper[i] *= factor }
        return AffineSlope(
            upper: upper, centre: isCentred ? summary.means : nil,
            shift: [Double](repeating: 0, count: order))
    }

    /// From D with respect to R_ij = P_ij a_i a_j, a_i = P_ii^−½, to the gradient with respect to P: off
    /// the diagonal D_ij a_i a_j, on it −a_i² Σ_{j≠i} D_ij R_ij; D has no diagonal.
    private func correlationSlopes(
        _ elements: [Double], _ matrix: GramMatrix, _ summary: Summary
    ) -> [Double] {
        let order = matrix.order
        let reciprocals = (0..<order).map { row in
            let square = summary.sums[GramMatrix.upperStart(ofRow: row, order: order)]
            return square > 0 ? 1 / square.squareRoot() : 0
        }
        var upper = elements
        var along = [Double](repeating: 0, count: order)
        var i = 0
        for row in 0..<order {
            for column in row..<order {
                let product = elements[i] * matrix.upperValue(i)
                along[row] += product
                if column != row { along[column] += product }
                upper[i] *= reciprocals[row] * reciprocals[column]
                i += 1
            }
        }
        for row in 0..<order {
            let start = GramMatrix.upperStart(ofRow: row, order: order)
            upper[start] = -reciprocals[row] * reciprocals[row] * along[row]
        }
        return upper
    }
}
