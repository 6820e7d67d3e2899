//! How much of the machine a worker may use, and each program it starts.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Profile;

/// Address space of a worker in bytes. A mail that needs more ends the worker, and counts as unreadable.
pub const MEMORY: u64 = 768 * 1024 * 1024;
/// Address space of a worker that runs tesseract, and of tesseract itself, in bytes.
const TOOL_MEMORY: u64 = 1024 * 1024 * 1024;
/// Processor time of a worker's whole life in seconds; the wall clock of one mail is the pool's business.
const CPU: u64 = 300;
/// Descriptors: the two pipes, standard error, and room for what the runtime itself opens.
const FILES: u64 = 16;
/// Descriptors of tesseract, which opens its libraries one after the other.
const TOOL_FILES: u64 = 64;

/// Lowers the ceilings for good and looks whether they hold.
pub fn set(profile: Profile) -> Result<(), String> {
    let (memory, files) = match profile {
        Profile::Parse => (MEMORY, FILES),
        Profile::Tool { .. } => (TOOL_MEMORY, TOOL_FILES),
    };
    for (resource, limit, name) in [
        (Resource::As, memory, "address space"),
        (Resource::Cpu, CPU, "processor time"),
        (Resource::Fsize, 0, "file size"),
        (Resource::Core, 0, "core dump"),
        (Resource::Nofile, files, "open files"),
    ] {
        let wanted = Rlimit { current: Some(limit), maximum: Some(limit) };
        setrlimit(resource, wanted).map_err(|why| format!("cannot limit its {name}: {why}"))?;
        if getrlimit(resource) != wanted {
            return Err(format!("the limit of its {name} does not hold"));
        }
    }
    Ok(())
}
