//! Writes the seeds of every target into `corpus`: good papers, made as the tests make them.

#[path = "../reading/make.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod make;
#[path = "../reading/specimens.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod specimens;

use std::fs;
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, name, bytes) in specimens::seeds() {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
