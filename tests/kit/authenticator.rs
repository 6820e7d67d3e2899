//! An authenticator of the test's own (Web Authentication, level 3), which can also do what no honest one does.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::site::BASE_URL;

/// User present, user verified (§6.1).
const PRESENT_AND_VERIFIED: u8 = 0x05;
/// A new key's data follows.
const WITH_KEY: u8 = 0x40;

/// An authenticator with one key, and the browser in front of it.
#[derive(Clone)]
pub struct Authenticator {
    pub key: Arc<EcdsaKeyPair>,
    pub id: [u8; 32],
    pub counter: u32,
    pub flags: u8,
    pub origin: String,
}

impl Authenticator {
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).expect("the same");
        let id = Sha256::digest(key.public_key()).into();
        Self { key: Arc::new(key), id, counter: 1, flags: PRESENT_AND_VERIFIED, origin: BASE_URL.to_owned() }
    }

    /// `navigator.credentials.create`, with attestation "none" (§8.7).
    pub fn create(&self, question: &str) -> String {
        let (wanted, said) = self.told(question, "webauthn.create");
        let point = self.key.public_key().as_ref();
        let mut data = self.data(&wanted["rp"]["id"], self.flags | WITH_KEY);
        data.extend([0; 16]);
        data.extend([0, 32]);
        data.extend(self.id);
        // A COSE key: EC2, ES256, P-256, x, y (RFC 9053 §7.1.1).
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).expect("it is short"));
        object.extend(data);
        json!({ "id": b64(&self.id), "rawId": b64(&self.id), "type": "public-key",
            "response": { "attestationObject": b64(&object), "clientDataJSON": b64(&said) } })
        .to_string()
    }

    /// `navigator.credentials.get`.
    pub fn get(&self, question: &str) -> String {
        let (wanted, said) = self.told(question, "webauthn.get");
        let data = self.data(&wanted["rpId"], self.flags);
        let signed = [&data[..], &Sha256::digest(&said)[..]].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("it signs");
        json!({ "id": b64(&self.id), "rawId": b64(&self.id), "type": "public-key",
            "response": { "authenticatorData": b64(&data), "clientDataJSON": b64(&said),
                "signature": b64(signature.as_ref()), "userHandle": null } })
        .to_string()
    }

    fn told(&self, question: &str, kind: &str) -> (Value, Vec<u8>) {
        let question: Value = serde_json::from_str(question).expect("the desk asks in JSON");
        let wanted = question["publicKey"].clone();
        let said =
            json!({ "type": kind, "challenge": wanted["challenge"], "origin": self.origin, "crossOrigin": false });
        (wanted, said.to_string().into_bytes())
    }

    fn data(&self, domain: &Value, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(domain.as_str().expect("a domain is named")).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }
}

pub fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
