/// What a request asks for, once everything cheap about it has been checked: the memory it will
/// take and the work.
struct JobRequest: Sendable {
    /// Bytes the work takes beside the body.
    let workBytes: Int
    let work: Job.Work
}
