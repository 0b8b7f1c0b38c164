extension FeatureTensor {
    /// The summaries of one kind of every sample, each an item that any worker may take.
    /// - Throws: `cancelled`, `outOfMemory`.
    public func summaries(
        _ kind: SummaryKind, instructionSet: InstructionSet = .best, team: Team
    ) throws(InferenceError) -> [Summary] {
        let kernels = Kernels(instructionSet)
        let memory = BufferPool(retainedBytesMax: 64 << 20)
        let scratch = FeatureWalk.scratchCount(dimensions.shape)
        return try team.reserving(scratch: scratch).mapWithWorkspace(dimensions.samples) {
            sample, workspace throws(InferenceError) in
            let wanted = SummaryDemand(0, kind)
            let walk = FeatureWalk(
                demand: FeatureDemand(summaries: [wanted]), tensors: [self], kernels: kernels,
                memory: memory)
            func summary<Element: FeatureElement>(
                _ element: Element.Type
            ) throws(InferenceError) -> Summary {
                let result = try walk.run(sample: sample, as: element, workspace, team)
                guard let summary = result.summaries[wanted] else {
                    preconditionFailure("a summary that was demanded is not there")
                }
                return summary
            }
            if !elements.is64Bits {
                let single = try summary(Float.self)
                if single.isWellScaled(self, sample: sample) { return single }
            }
            return try summary(Double.self)
        }
    }

    /// Bytes that `summaries` takes besides the tensor and the summaries, with so many workers.
    public static func summaryBytes(
        _ kind: SummaryKind, _ dimensions: FeatureDimensions, workers: Int
    ) -> Int {
        let demand = FeatureDemand(summaries: [SummaryDemand(0, kind)])
        let (bytes, overflow) = FeatureWalk.bytes(demand, dimensions.shape, images: 1)
            .multipliedReportingOverflow(by: min(workers, dimensions.samples))
        return overflow ? .max : bytes
    }
}
