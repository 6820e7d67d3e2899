//! Asks the sender's own domain, over DNS: are the signatures its own (DKIM, RFC 6376), may this server send for it (SPF,
//! RFC 7208), what does it want done with the rest (DMARC, RFC 9989), and did a forwarder the office trusts vouch for it (ARC,
//! RFC 8617). The checks are the `mail-auth` crate's; what they are worth is judged in [`super::proof`].
//!
//! A name server that does not answer says nothing about the mail: that is a transient [`Fault`], never a verdict.

use std::net::SocketAddr;
use std::time::Duration;

use futures::future::BoxFuture;
use mail_auth::common::crypto::Algorithm;
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcOutput, DmarcResult, MessageAuthenticator, SpfOutput, SpfResult,
};

use super::authenticity::{How, covers, reported};
use super::headers::Headers;
use super::proof::{self, Question, Said};
use crate::engine::port::{Fault, Witness};
use crate::sop::names::Address;

/// Signatures of one mail that are looked at: each costs a question to a server that its writer chose.
const SIGNATURES: usize = 5;

#[derive(Debug, Clone)]
pub struct DnsSettings {
    /// Empty: those of the system (`/etc/resolv.conf`).
    pub servers: Vec<SocketAddr>,
    /// For all questions about one mail.
    pub deadline: Duration,
}

/// The domain's word, asked over DNS.
pub struct DnsWitness {
    authenticator: MessageAuthenticator,
    deadline: Duration,
}

impl DnsWitness {
    /// Opens no connection. Fails where the system names no name server.
    pub fn new(settings: &DnsSettings) -> Result<Self, Fault> {
        let unusable = |why: &dyn std::fmt::Display| {
            Fault::permanent(format!("Cannot ask the DNS: {why}. Set `dns.servers`, or correct /etc/resolv.conf"))
        };
        let (config, mut options) = match settings.servers.as_slice() {
            [] => read_system_conf().map_err(|why| unusable(&why))?,
            servers => {
                let servers = servers.iter().map(|server| name_server(*server)).collect();
                (ResolverConfig::from_name_servers(servers), ResolverOpts::default())
            }
        };
        // Names come from strangers: a file on this machine or a search domain must not answer for them.
        options.use_hosts_file = ResolveHosts::Never;
        options.timeout = settings.deadline / 4;
        options.attempts = 2;
        let config = ResolverConfig::from_parts(None, Vec::new(), config.into_parts().2);
        let authenticator = MessageAuthenticator::new(config, options).map_err(|why| unusable(&why))?;
        Ok(Self { authenticator, deadline: settings.deadline })
    }

    async fn look(&self, question: Question<'_>) -> Result<Said, Fault> {
        let Some(mut mail) = AuthenticatedMessage::parse(question.raw) else { return Ok(Said::Nothing) };
        let sees = |from: &String| Address::parse(from).is_some_and(|from| from.same_mailbox(question.sender));
        if !matches!(mail.from.as_slice(), [from] if sees(from)) {
            // Two readers of one header that see two senders: somebody wrote it to be read in two ways.
            return Ok(Said::Nothing);
        }
        let headers = Headers::read(question.raw);
        keep_likely(&mut mail, question.sender.domain());
        let mut dkim = self.authenticator.verify_dkim(&mail).await;
        let mut unanswered = dkim.iter().any(|one| matches!(one.result(), DkimResult::TempError(_)));
        dkim.retain(|one| is_sound(one, &headers, &question));
        let spf = self.spf(&headers, &question).await;
        unanswered |= spf.result() == SpfResult::TempError;
        let dmarc = self.dmarc(&mail, &dkim, &spf, &headers, &question).await;
        unanswered |= matches!(dmarc.result(), DmarcResult::TempError(_));
        if let Some(how) = aligned(&dkim, &spf, &dmarc, question.sender.domain()) {
            return Ok(Said::Proven(how));
        }
        match self.arc(&mail, &headers, &question).await {
            Sealed::Proven => return Ok(Said::Proven(How::Arc)),
            Sealed::Unanswered => unanswered = true,
            Sealed::Nothing => {}
        }
        if unanswered {
            return Err(Fault::transient("The DNS does not answer for a sender's domain. The mail waits"));
        }
        let disowned = dmarc.dmarc_record().is_some() && matches!(dmarc.policy(), Policy::Quarantine | Policy::Reject);
        Ok(if disowned { Said::Disowned } else { Said::Nothing })
    }

    async fn spf(&self, headers: &Headers<'_>, question: &Question<'_>) -> SpfOutput {
        let border = question.authserv_id.and_then(|id| Some((id, proof::border(headers, id)?)));
        let Some((id, step)) = border else { return SpfOutput::default() };
        let asked = SpfParameters::verify_mail_from(step.ip, &step.helo, id, &step.mail_from);
        self.authenticator.verify_spf(asked).await
    }

    async fn dmarc(
        &self,
        mail: &AuthenticatedMessage<'_>,
        dkim: &[DkimOutput<'_>],
        spf: &SpfOutput,
        headers: &Headers<'_>,
        question: &Question<'_>,
    ) -> DmarcOutput {
        let border = question.authserv_id.and_then(|id| proof::border(headers, id));
        let from = border.as_ref().and_then(|step| step.mail_from.rsplit_once('@')).map_or("", |(_, domain)| domain);
        let asked = DmarcParameters {
            message: mail,
            dkim_output: dkim,
            dkim2_output: None,
            rfc5321_mail_from_domain: from,
            spf_output: spf,
        };
        self.authenticator.verify_dmarc(asked).await
    }

    /// The newest seal must be a trusted forwarder's, the chain whole, and the forwarder must have seen the sender proven.
    async fn arc(&self, mail: &AuthenticatedMessage<'_>, headers: &Headers<'_>, question: &Question<'_>) -> Sealed {
        let trusted = |domain: &str| question.forwarders.iter().any(|f| f.eq_ignore_ascii_case(domain));
        let newest = (mail.as_headers.last(), mail.ams_headers.last(), mail.aar_headers.last());
        let (Some(seal), Some(signature), Some(results)) = newest else { return Sealed::Nothing };
        let sound = trusted(&seal.header.d)
            && trusted(&signature.header.d)
            && signature.header.a != Algorithm::RsaSha1
            && seal.header.a != Algorithm::RsaSha1
            && proof::covers_what_counts(&signature.header.h, headers)
            && proof::is_fresh(question.date, question.received_at);
        if !sound {
            return Sealed::Nothing;
        }
        let written = String::from_utf8_lossy(results.value);
        let Some((_, report)) = written.split_once(';') else { return Sealed::Nothing };
        if !reported(report, question.sender.domain()).is_authenticated() {
            return Sealed::Nothing;
        }
        match self.authenticator.verify_arc(mail).await.result() {
            DkimResult::Pass => Sealed::Proven,
            DkimResult::TempError(_) => Sealed::Unanswered,
            _ => Sealed::Nothing,
        }
    }
}

enum Sealed {
    Proven,
    Unanswered,
    Nothing,
}

impl Witness for DnsWitness {
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Said, Fault>> {
        Box::pin(async move {
            let late = |_| Fault::transient("The DNS did not answer in time for a sender's domain. The mail waits");
            tokio::time::timeout(self.deadline, self.look(question)).await.map_err(late)?
        })
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        Box::pin(async {
            // The root always has name servers; no other name is sure to exist.
            let asked = self.authenticator.resolver().ns_lookup(".");
            match tokio::time::timeout(self.deadline, asked).await {
                Ok(Ok(_)) => Ok("the DNS answers".to_owned()),
                Ok(Err(why)) => Err(Fault::transient(format!("The DNS does not answer: {why}. Look at `dns.servers`"))),
                Err(_) => Err(Fault::transient("The DNS does not answer in time. Look at `dns.servers`")),
            }
        })
    }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}

/// Keeps the signatures that may speak for the sender's domain, the likeliest first.
fn keep_likely(mail: &mut AuthenticatedMessage<'_>, domain: &str) {
    mail.dkim_headers.retain(|one| proof::are_related(&one.header.d, domain));
    mail.dkim_headers.sort_by_key(|one| !one.header.d.eq_ignore_ascii_case(domain));
    mail.dkim_headers.truncate(SIGNATURES);
}

/// Only `Pass` passes; SHA-1 is dead (RFC 8301); a signature counts for what it covers, while it is fresh.
fn is_sound(one: &DkimOutput<'_>, headers: &Headers<'_>, question: &Question<'_>) -> bool {
    let Some(signature) = one.signature().filter(|_| *one.result() == DkimResult::Pass) else { return false };
    signature.a != Algorithm::RsaSha1
        && signature.l == 0
        && proof::covers_what_counts(&signature.h, headers)
        && proof::is_fresh(question.date, question.received_at)
}

/// What is aligned with the sender's domain: as its DMARC record wants it, else by the rule for domains without one. The
/// domain's own signature is aligned under any record.
fn aligned(dkim: &[DkimOutput<'_>], spf: &SpfOutput, dmarc: &DmarcOutput, domain: &str) -> Option<How> {
    let signers = || dkim.iter().filter_map(|one| one.signature()).map(|signature| signature.d.as_str());
    if signers().any(|d| d.eq_ignore_ascii_case(domain)) {
        return Some(How::Dkim);
    }
    if dmarc.dmarc_record().is_some() {
        let dkim = (*dmarc.dkim_result() == DmarcResult::Pass).then_some(How::Dkim);
        return dkim.or((*dmarc.spf_result() == DmarcResult::Pass).then_some(How::Spf));
    }
    if matches!(dmarc.result(), DmarcResult::TempError(_)) {
        return None;
    }
    if signers().any(|d| covers(Some(d), domain)) {
        return Some(How::Dkim);
    }
    (spf.result() == SpfResult::Pass && spf.domain().eq_ignore_ascii_case(domain)).then_some(How::Spf)
}
