//! The walls around the worker, which it puts up itself before it reads a byte. What it parses is written by anyone: it
//! may use so much memory and time, open nothing new, write nothing and leave no core dump with somebody's papers in it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Address space of a worker. A mail that needs more ends the worker, and counts as unreadable.
pub const MEMORY: u64 = 768 * 1024 * 1024;
/// Processor time of a worker's whole life in seconds; the wall clock of one mail is the pool's business.
pub const CPU: u64 = 300;
/// Descriptors: the two pipes, standard error, and room for what the runtime itself opens.
const FILES: u64 = 16;

const WALLS: &[(Resource, u64, &str)] = &[
    (Resource::As, MEMORY, "address space"),
    (Resource::Cpu, CPU, "processor time"),
    (Resource::Fsize, 0, "file size"),
    (Resource::Core, 0, "core dump"),
    (Resource::Nofile, FILES, "open files"),
];

/// Puts the walls up and tests that they stand. The error names the wall that does not.
pub fn enter() -> Result<(), String> {
    for (resource, limit, name) in WALLS {
        let wanted = Rlimit { current: Some(*limit), maximum: Some(*limit) };
        setrlimit(*resource, wanted).map_err(|why| format!("cannot limit its {name}: {why}"))?;
        if getrlimit(*resource) != wanted {
            return Err(format!("the limit of its {name} does not hold"));
        }
    }
    Ok(())
}
