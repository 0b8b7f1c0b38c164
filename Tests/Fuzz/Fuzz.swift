// The entry of every fuzz target (libFuzzer's). A target is one file of Targets/ with a function
// `test`; Scripts/fuzz compiles each with this one. What must hold is said with `precondition`:
// whatever traps is a finding.

/// One input; 0 says that it may be kept.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    test(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}
