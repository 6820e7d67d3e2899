//! The engine's own bytes: one version byte, then JSON. The store keeps them sealed and never looks inside.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::port::Fault;

const VERSION: u8 = 1;

/// Encodes a plain value.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, value).expect("plain values with string keys always encode");
    bytes
}

/// Decodes what [`encode`] wrote; bytes of another version or shape are a permanent fault that names `what`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, Fault> {
    let unfit = |place: String| {
        Fault::permanent(format!("Cannot read {what}: its bytes do not fit this program ({place}). Restore a backup"))
    };
    match bytes.split_first() {
        Some((&VERSION, json)) => {
            // UTF-8 as a whole: read as bytes, each string would be checked by itself, which takes longer.
            let text = std::str::from_utf8(json).map_err(|e| unfit(format!("byte {}", e.valid_up_to())))?;
            serde_json::from_str(text).map_err(|e| unfit(format!("line {} column {}", e.line(), e.column())))
        }
        Some((version, _)) => Err(Fault::permanent(format!(
            "Cannot read {what}: it was written in version {version}, this program knows {VERSION}. Install a newer program"
        ))),
        None => Err(Fault::permanent(format!("Cannot read {what}: it is empty. Restore a backup"))),
    }
}
