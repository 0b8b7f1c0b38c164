/// What a request asks for, once everything cheap about it has been checked: the memory it will
/// take and the work.
package struct JobRequest: Sendable {
    /// Bytes the work takes beside the body.
    let workBytes: Int
    /// Bytes of the answer, by an estimate that is not too small.
    let answerBytes: Int
    let work: Job.Work

    package init(workBytes: Int, answerBytes: Int = 0, work: @escaping Job.Work) {
        self.workBytes = workBytes
        self.answerBytes = answerBytes
        self.work = work
    }
}
