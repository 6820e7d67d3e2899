//! What a process that holds keys owes them: no core file of it is written, nor handed to a collector, and no other
//! process of the same user looks into its memory. The unit says the same; this holds without one as well.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use super::ending::Ending;

/// For the whole life of the process, and the limit for those it starts.
pub fn keep() -> Result<(), Ending> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // A collector named in core_pattern is given the core whatever the limit says; not of a process that is not dumpable.
    setrlimit(Resource::Core, none).and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable)).map_err(|why| {
        Ending::temporary(format!(
            "Cannot forbid a core file of this process, which would hold its keys: {why}. Allow setrlimit and prctl in the unit"
        ))
    })
}
