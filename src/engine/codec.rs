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
    match bytes.split_first() {
        Some((&VERSION, json)) => serde_json::from_slice(json).map_err(|e| {
            let place = format!("line {} column {}", e.line(), e.column());
            Fault::permanent(format!(
                "Cannot read {what}: its bytes do not fit this program ({place}). Restore a backup"
            ))
        }),
        Some((version, _)) => Err(Fault::permanent(format!(
            "Cannot read {what}: it was written in version {version}, this program knows {VERSION}. Install a newer program"
        ))),
        None => Err(Fault::permanent(format!("Cannot read {what}: it is empty. Restore a backup"))),
    }
}
