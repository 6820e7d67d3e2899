//! `[accounts]`: the system whose accounts are reset, and how it is reached.

use std::path::PathBuf;

use super::section::Section;

#[derive(Debug, Clone)]
pub struct AccountsConfig {
    pub driver: Driver,
    /// Read and checked also while another driver is chosen.
    pub command: Option<CommandConfig>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// A person does it in the system and enters the outcome; look-ups come from the embedded directory.
    Manual,
    /// The embedded account directory is the system itself.
    Directory,
    /// The office's own script.
    Command,
}

/// The office's script; its protocol is told in `config/accounts/README.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandConfig {
    pub program: PathBuf,
    /// Passed as they are; a secret is never among them.
    pub arguments: Vec<String>,
    pub deadline_seconds: u32,
    /// The system makes people change a temporary password.
    pub force_change: bool,
    /// The script answers `read_back`.
    pub read_back: bool,
    /// The script answers `look_up`; else look-ups come from the embedded directory.
    pub look_up: bool,
}

impl AccountsConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let words = [("manual", Driver::Manual), ("directory", Driver::Directory), ("command", Driver::Command)];
        let driver = section.choice("driver", &words, false);
        let command = section.table_where("command", driver == Driver::Command).map(CommandConfig::read);
        section.finish();
        Self { driver, command }
    }
}

impl CommandConfig {
    fn read(mut section: Section<'_>) -> Self {
        let command = Self {
            program: section.path("program", "the script's path"),
            arguments: section.texts("arguments"),
            deadline_seconds: section.whole_or("deadline_seconds", 30, 1..=600),
            force_change: section.flag_or("force_change", false),
            read_back: section.flag_or("read_back", false),
            look_up: section.flag_or("look_up", false),
        };
        if command.arguments.iter().any(|a| a.contains('\0')) {
            section.find("arguments", "holds a NUL character, which no program can be given; take it out");
        }
        section.finish();
        command
    }
}
