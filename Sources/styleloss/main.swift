import Glibc

// One call and nothing else: a closure formed here would belong to the main actor, and Dispatch
// would run it elsewhere.
exit(CommandLineTool.run())
