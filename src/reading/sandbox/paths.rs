//! Which files a worker may touch: none, or those tesseract needs (Landlock). The Tool profile rests on this wall and asks
//! for Landlock 2 (Linux 5.19); Parse may not open anything anyway ([`super::calls`]), so there it is a second wall.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::Profile;

/// Also executed: the kernel opens a program's loader as a program. It loads only what may be read.
const LOADERS: &[&str] = &["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];

/// Read, with everything beneath. What a machine does not have is left out.
const READ: &[&str] = &[
    "/etc/ld.so.cache",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib/locale",
    "/usr/share/locale",
    "/usr/share/tesseract-ocr",
    "/usr/share/tesseract",
    "/usr/share/tessdata",
];

/// Closes every path but those of the profile. Returns the version of Landlock that holds, if one does.
pub fn close(profile: Profile) -> Result<Option<u32>, String> {
    let (least, rules) = match profile {
        Profile::Parse => (CompatLevel::BestEffort, Vec::new()),
        Profile::Tool { tesseract } => (CompatLevel::HardRequirement, rules(tesseract)),
    };
    let status = handled(least)
        .and_then(|ruleset| ruleset.add_rules(rules.into_iter().map(Ok::<_, RulesetError>)))
        .and_then(RulesetCreated::restrict_self)
        .map_err(|why| format!("cannot close the paths (Landlock 2, Linux 5.19 or newer, is needed): {why}"))?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) if profile == Profile::Parse => Ok(None),
        (RulesetStatus::NotEnforced, _) => Err("has no Landlock to close the paths".to_owned()),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok(Some(effective_abi as u32)),
        (..) => Err("closed the paths with a Landlock that is not there".to_owned()),
    }
}

/// Everything Landlock 2 can forbid is asked for at `least` so strictly; what newer kernels add, where they have it.
fn handled(least: CompatLevel) -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .set_compatibility(least)
        .handle_access(AccessFs::from_all(ABI::V2))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .scope(Scope::from_all(ABI::V6))?
        .create()
}

fn rules(tesseract: &Path) -> Vec<PathBeneath<PathFd>> {
    let execute = AccessFs::Execute | AccessFs::ReadFile;
    let mut rules = Vec::new();
    let mut allow = |path: &Path, access: BitFlags<AccessFs>| {
        if let Ok(place) = PathFd::new(path) {
            let access = if path.is_dir() { access } else { access & AccessFs::from_file(ABI::V2) };
            rules.push(PathBeneath::new(place, access));
        }
    };
    if tesseract.is_file() {
        allow(tesseract, execute);
    }
    LOADERS.iter().for_each(|path| allow(Path::new(path), execute));
    READ.iter().for_each(|path| allow(Path::new(path), AccessFs::ReadFile | AccessFs::ReadDir));
    allow(Path::new("/dev/null"), AccessFs::ReadFile | AccessFs::WriteFile);
    rules
}
