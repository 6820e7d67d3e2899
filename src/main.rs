//! Arguments → exit status, nothing else.

use std::process::ExitCode;

use loket::reading::worker;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|verb| verb == worker::VERB) {
        std::process::exit(worker::main_worker());
    }
    ExitCode::from(loket::cli::run())
}
