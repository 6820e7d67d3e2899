//! An admin with an authenticator app: enrols at the desk's own page and then has a code for every step of 30 s.

use loket::vault::TotpSecret;

use super::office::now;
use super::visitor::Visitor;
use super::wait::wait_for;

/// RFC 6238: one code each 30 s.
const STEP: i64 = 30;

pub struct Admin {
    pub address: String,
    factor: TotpSecret,
    /// The last step whose code was given away.
    used: i64,
}

impl Admin {
    /// Opens the enrolment link, takes the factor from the page and confirms it with its first code.
    pub async fn enrol(address: &str, link: &str) -> Self {
        Self::enrol_with(address, link, &[]).await
    }

    /// As [`Admin::enrol`], with a passphrase for days without the phone.
    pub async fn enrol_with_phrase(address: &str, link: &str, phrase: &str) -> Self {
        Self::enrol_with(address, link, &[("frasa", phrase), ("frasa2", phrase)]).await
    }

    async fn enrol_with(address: &str, link: &str, more: &[(&str, &str)]) -> Self {
        let mut visitor = Visitor::default();
        let page = visitor.get(link).await;
        assert_eq!(page.status, 200, "an enrolment link opens: {}", page.body);
        let typed = page.secrets().into_iter().next().expect("the page shows the secret to be typed");
        let factor = TotpSecret::from_bytes(&from_base32(&typed)).expect("a secret of 160 bits");
        // The desk takes the step before and after its own as well: the oldest goes first, so that two more follow at once.
        let mut admin = Self { address: address.to_owned(), factor, used: now().timestamp() / STEP - 2 };
        let code = admin.code().await;
        let done = visitor.post(link, &[&[("kode", code.as_str())], more].concat()).await;
        assert!(done.status < 400, "the first code of a factor is taken: {} {}", done.status, done.body);
        admin
    }

    /// A code that was never used, as soon as the desk would take one.
    pub async fn code(&mut self) -> String {
        let step = wait_for("a fresh code", || {
            let present = now().timestamp() / STEP;
            // A code of the step before could grow old on its way.
            let next = (self.used + 1).max(present - i64::from(now().timestamp() % STEP < STEP / 2));
            async move { (next <= present + 1).then_some(next) }
        })
        .await;
        self.used = step;
        self.code_of(step)
    }

    /// What the authenticator app keeps.
    pub fn factor(&self) -> &TotpSecret {
        &self.factor
    }

    /// The code that was given away last, for those who try it a second time.
    pub fn used_code(&self) -> String {
        self.code_of(self.used)
    }

    fn code_of(&self, step: i64) -> String {
        let at = chrono::DateTime::from_timestamp(step * STEP, 0).expect("within chrono's range");
        self.factor.code(at)
    }
}

/// RFC 4648 §6, as an authenticator app reads what was typed.
fn from_base32(text: &str) -> Vec<u8> {
    let values = text.bytes().filter_map(|b| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'2'..=b'7' => Some(b - b'2' + 26),
        _ => None,
    });
    let bits: Vec<bool> = values.flat_map(|value| (0..5).rev().map(move |bit| value >> bit & 1 == 1)).collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | u8::from(*bit))).collect()
}
