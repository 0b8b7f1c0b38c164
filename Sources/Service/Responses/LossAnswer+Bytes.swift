import Inference

extension LossAnswer {
    /// Bytes of an answer without arrays, and of the work of writing it down: a name and a number a
    /// layer of each term of each result, and of the loss in the echo of the options.
    static func bytes(_ loss: Loss, results: Int) -> (work: Int, answer: Int) {
        let ofResult = loss.terms.bytes { term in
            let layers = (term.features?.layers ?? []).bytes { $0.name.utf8.count.plus(layerBytes) }
            return term.key.utf8.count.plus(termBytes).plus(layers)
        }
        let answer = headBytes.plus(ofResult.times(results.plus(echoes)))
        return (answer.times(treeFactor), answer)
    }

    /// Id, model, warnings and timings.
    private static let headBytes = 4096
    /// `"":{"loss":0.1234567890123456,"weight":0.05,"layers":{}},` and the digest of a target.
    private static let termBytes = 160
    /// `"":0.12345678901234567,`
    private static let layerBytes = 32
    /// Lists of layers in the echo of the options.
    private static let echoes = 3
    /// A member of a JSON value takes some 200 bytes, and is some 40 when written.
    private static let treeFactor = 6
}
