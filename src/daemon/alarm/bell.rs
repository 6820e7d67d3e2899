//! The second channel: the office's own program or an HTTPS address, told of each alarm when it begins, when it has
//! grown tenfold, and when it is over. It does without the mail it watches.
//!
//! What it gets, on standard input or as the request's body, is one JSON object:
//! `{"version": 1, "office": "karangmulia", "alarm": "mail_not_fetched", "about": "utama", "state": "raised",
//! "since": "2026-11-28T03:00:00Z", "text": "…"}`; `state` is `raised` (again, with the same `since`, where it has grown) or
//! `cleared`. A program that ends with a status other than 0, or an answer other than 2xx, is told again at the next look
//! (that the office is closed: at its next start), so that each may come more than once.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::board::Standing;
use crate::config::Config;
use crate::config::alarms::{AlarmsConfig, ChannelConfig};
use crate::engine::port::Fault;
use crate::mail::https::Address;
use crate::sop::names::Language;

pub struct Bell {
    channel: Channel,
    office: String,
    language: Language,
    deadline: Duration,
}

enum Channel {
    Program { program: PathBuf, arguments: Vec<String> },
    Webhook(Box<Address>),
}

#[derive(Serialize)]
struct Notice<'a> {
    version: u32,
    office: &'a str,
    alarm: &'a str,
    about: &'a str,
    state: &'a str,
    since: String,
    text: String,
}

impl Bell {
    /// As configured. See [`Bell::new`].
    pub fn of(config: &Config) -> Result<Option<Self>, Fault> {
        Self::new(&config.alarms, config.office.id.0.as_str(), config.office.language)
    }

    /// `None` where the office wants no second channel.
    ///
    /// # Errors
    /// Permanent: the webhook's address cannot be read or used.
    pub fn new(config: &AlarmsConfig, office: &str, language: Language) -> Result<Option<Self>, Fault> {
        let deadline = Duration::from_secs(config.deadline_seconds.into());
        let channel = match &config.channel {
            None => return Ok(None),
            Some(ChannelConfig::Program { program, arguments }) => {
                Channel::Program { program: program.clone(), arguments: arguments.clone() }
            }
            Some(ChannelConfig::Webhook { address, ca_file }) => {
                let unusable =
                    |why: &dyn std::fmt::Display| Fault::permanent(format_args!("Cannot use `alarms.webhook`: {why}"));
                let text = address.read_text().map_err(|why| unusable(&why))?;
                Channel::Webhook(Box::new(Address::parse(&text, ca_file.as_ref()).map_err(|why| unusable(&why))?))
            }
        };
        Ok(Some(Self { channel, office: office.to_owned(), language, deadline }))
    }

    /// Tells of one alarm. Fails where the channel did not take it.
    pub async fn ring(&self, standing: &Standing) -> Result<(), Fault> {
        let alarm = &standing.alarm;
        let notice = Notice {
            version: 1,
            office: &self.office,
            alarm: alarm.kind(),
            about: &alarm.about(),
            state: if standing.over { "cleared" } else { "raised" },
            since: standing.since.to_rfc3339(),
            text: alarm.say(self.language),
        };
        let body = serde_json::to_vec(&notice).map_err(Fault::permanent)?;
        match &self.channel {
            Channel::Program { program, arguments } => self.run(program, arguments, &body).await,
            Channel::Webhook(address) => {
                let answer = address.post("application/json", body, self.deadline).await?;
                match answer.status {
                    200..300 => Ok(()),
                    status => Err(Fault::transient(format_args!("`alarms.webhook` answers {status}"))),
                }
            }
        }
    }

    async fn run(&self, program: &PathBuf, arguments: &[String], body: &[u8]) -> Result<(), Fault> {
        let failed = |why: &dyn std::fmt::Display| {
            Fault::transient(format_args!("`alarms.program` {} could not be told: {why}", program.display()))
        };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().current_dir("/").process_group(0).kill_on_drop(true);
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C.UTF-8");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|why| failed(&why))?;
        let stdin = child.stdin.take();
        let telling = async {
            if let Some(mut stdin) = stdin {
                // A program that does not read is judged by its status.
                let _ = stdin.write_all(body).await;
            }
            child.wait().await
        };
        let ended = tokio::time::timeout(self.deadline, telling).await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(failed(&status)),
            Ok(Err(why)) => Err(failed(&why)),
            Err(_) => {
                // It has not been waited for, so its group is still its own.
                if let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
                    let _ = kill_process_group(group, Signal::KILL);
                }
                let _ = child.wait().await;
                Err(failed(&format_args!("no end within {} s", self.deadline.as_secs())))
            }
        }
    }
}
