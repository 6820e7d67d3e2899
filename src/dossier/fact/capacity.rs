//! In which capacity an official signed: for another, or in an office that is not theirs. Such a signature is in order, and the admin
//! should know of it (DOMAIN §3).

use crate::dossier::fold::Gist;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// `a.n.`: on behalf of the superior.
    OnBehalf,
    /// `u.b.`: for the attention of one on whose behalf another signs.
    ForAttention,
    /// `Plt.`: acting, while the office is vacant.
    Acting,
    /// `Plh.`: acting, while its holder is away.
    ActingDaily,
}

impl Capacity {
    /// As letters write it.
    pub fn written(self) -> &'static str {
        match self {
            Self::OnBehalf => "a.n.",
            Self::ForAttention => "u.b.",
            Self::Acting => "Plt.",
            Self::ActingDaily => "Plh.",
        }
    }
}

/// The capacity a caption over a signature tells, the nearest to the signer first: `a.n. Bupati, Sekretaris Daerah, u.b. Asisten`.
pub fn of(caption: &str) -> Option<Capacity> {
    let gist = Gist::of(caption);
    let has = |phrases: &[&str]| phrases.iter().any(|p| gist.has(&(*p).into()));
    match () {
        () if has(&["plt", "pelaksana tugas"]) => Some(Capacity::Acting),
        () if has(&["plh", "pelaksana harian"]) => Some(Capacity::ActingDaily),
        () if has(&["u b", "ub", "untuk beliau"]) => Some(Capacity::ForAttention),
        () if has(&["a n", "an", "atas nama"]) => Some(Capacity::OnBehalf),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_tell_the_capacity_of_the_signer() {
        for (caption, capacity) in [
            ("a.n. Kepala Dinas, Sekretaris,", Some(Capacity::OnBehalf)),
            ("Plt. Kepala Bagian Pengadaan,", Some(Capacity::Acting)),
            ("PLH. SEKRETARIS DAERAH,", Some(Capacity::ActingDaily)),
            ("a.n. Gubernur, Sekretaris Daerah, u.b. Kepala Biro,", Some(Capacity::ForAttention)),
            ("Kepala Bagian Pengelolaan,", None),
            ("Pemohon,", None),
        ] {
            assert_eq!(of(caption), capacity, "{caption}");
        }
    }
}
