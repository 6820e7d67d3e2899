//! Arguments → exit status, nothing else.

use std::process::ExitCode;

use loket::reading::{sandbox, worker};

fn main() -> ExitCode {
    let verb = std::env::args_os().nth(1).unwrap_or_default();
    if verb == worker::VERB {
        std::process::exit(worker::main_worker());
    }
    if verb == sandbox::TRIAL {
        std::process::exit(sandbox::main_trial(std::env::args().skip(2)));
    }
    ExitCode::from(loket::cli::run())
}
