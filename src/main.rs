//! Arguments → exit status, nothing else.

use std::process::ExitCode;

use loket::reading::{sandbox, tool, worker};

fn main() -> ExitCode {
    let verb = std::env::args_os().nth(1).unwrap_or_default();
    if verb == worker::VERB {
        std::process::exit(worker::main_worker());
    }
    if verb == tool::VERB {
        std::process::exit(tool::main_worker(std::env::args_os().nth(2).map(Into::into)));
    }
    if verb == sandbox::TRIAL {
        std::process::exit(sandbox::main_trial(std::env::args().skip(2)));
    }
    ExitCode::from(loket::cli::run())
}
