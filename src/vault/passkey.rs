//! Passkeys (Web Authentication, level 3), over `webauthn-rs`: what a browser is asked, and whether its answer is of a key that
//! is known. A challenge, its state and the keys are the caller's to keep; each state is used once.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder};

pub use webauthn_rs::prelude::{AuthenticationResult, Passkey, PasskeyAuthentication, PasskeyRegistration};

/// Milliseconds in which the browser waits for its owner.
const PATIENCE: u64 = 120_000;

/// The desk as authenticators know it: by its domain.
pub struct Desk {
    party: Webauthn,
    domain: String,
}

/// A challenge on its way to a browser.
pub struct Challenge<State> {
    /// What `navigator.credentials` takes, its bytes in base64url.
    pub options: Value,
    /// Names the challenge; the browser's answer carries it too.
    pub id: String,
    pub state: State,
}

impl Desk {
    /// `None` where the address names no domain: a key cannot be bound to a number (§5.1.2, "effective domain").
    pub fn at(base_url: &str) -> Option<Self> {
        let origin = Url::parse(base_url).ok()?;
        let domain = origin.domain()?.to_owned();
        let party = WebauthnBuilder::new(&domain, &origin).ok()?.rp_name("Loket").build().ok()?;
        Some(Self { party, domain })
    }

    /// Asks for a new key of this person that finds itself by the domain alone, so that no list of keys is ever sent out.
    pub fn offer(
        &self,
        handle: [u8; 16],
        account: &str,
        name: &str,
        known: &[Passkey],
    ) -> Option<Challenge<PasskeyRegistration>> {
        let known = known.iter().map(|key| key.cred_id().clone()).collect();
        let (asked, state) =
            self.party.start_passkey_registration(Uuid::from_bytes(handle), account, name, Some(known)).ok()?;
        let mut options = serde_json::to_value(asked).ok()?;
        let wanted = &mut options["publicKey"]["authenticatorSelection"];
        wanted["residentKey"] = json!("required");
        wanted["requireResidentKey"] = json!(true);
        let id = options["publicKey"]["challenge"].as_str()?.to_owned();
        Some(Challenge { options, id, state })
    }

    /// The new key, where the answer is right.
    pub fn enrolled(&self, answer: &str, state: &PasskeyRegistration) -> Option<Passkey> {
        let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).ok()?;
        self.party.finish_passkey_registration(&answer, state).ok()
    }

    /// Asks for a proof by one of these keys; `None` where there is none.
    pub fn ask(&self, keys: &[Passkey]) -> Option<Challenge<PasskeyAuthentication>> {
        // The library would ask for nobody's key too, and what it remembers of that would take room.
        if keys.is_empty() {
            return None;
        }
        let (asked, state) = self.party.start_passkey_authentication(keys).ok()?;
        let id = serde_json::to_value(asked).ok()?["publicKey"]["challenge"].as_str()?.to_owned();
        Some(Challenge { options: self.question(&id), id, state })
    }

    /// What every browser is asked that wants to prove something, whoever is meant: nothing in it tells whether anybody has
    /// a key.
    pub fn question(&self, challenge: &str) -> Value {
        json!({ "publicKey": {
            "challenge": challenge,
            "rpId": self.domain,
            "timeout": PATIENCE,
            "userVerification": "required",
            "allowCredentials": [],
        }})
    }

    /// What the answer proved, where it is right: origin, domain, challenge, signature, user verification and counter.
    pub fn proven(&self, answer: &str, state: &PasskeyAuthentication) -> Option<AuthenticationResult> {
        let answer: PublicKeyCredential = serde_json::from_str(answer).ok()?;
        self.party.finish_passkey_authentication(&answer, state).ok()
    }
}

/// A challenge that no answer will be right for.
pub fn vain_challenge(random: &dyn super::Random) -> String {
    let mut bytes = [0u8; 32];
    random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The challenge an answer carries, still to be believed.
pub fn challenge_of(answer: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let told = URL_SAFE_NO_PAD.decode(answer["response"]["clientDataJSON"].as_str()?).ok()?;
    let told: Value = serde_json::from_slice(&told).ok()?;
    told["challenge"].as_str().map(str::to_owned)
}

/// Counts a proof on the key it was made with. False where none of these is it, or where the key's own counter did not go up:
/// then there are two of it (§6.1.1).
pub fn count(keys: &mut [Passkey], proof: &AuthenticationResult) -> bool {
    let moved = keys.iter_mut().find_map(|key| key.update_credential(proof));
    moved.is_some_and(|moved| moved || proof.counter() == 0)
}
