//! Mails and letters to send about in tests of the transport.

use chrono::DateTime;
use loket::engine::port::Outgoing;
use loket::mail::courier::compose::Sender;
use loket::sop::names::Address;

/// A small request mail with its own Message-ID.
pub fn mail(number: usize) -> Vec<u8> {
    format!(
        "From: Dimas <dimas@karangmulia.example>\r\nTo: helpdesk@lpse.karangmulia.example\r\nSubject: Permohonan {number}\r\n\
         Message-ID: <mail-{number}@karangmulia.example>\r\nDate: Mon, 09 Nov 2026 08:00:00 +0800\r\n\r\nMohon reset password. {number}\r\n"
    )
    .into_bytes()
}

/// A mail of about `bytes` bytes.
pub fn mail_of(number: usize, bytes: usize) -> Vec<u8> {
    let mut mail = mail(number);
    while mail.len() < bytes {
        mail.extend_from_slice(b"Lampiran ini panjang sekali, baris demi baris, halaman demi halaman.\r\n");
    }
    mail
}

pub fn address(text: &str) -> Address {
    Address::parse(text).expect("a well-formed address")
}

pub fn sender() -> Sender {
    Sender {
        address: address("helpdesk@lpse.karangmulia.example"),
        display_name: "Helpdesk LPSE Karang Mulia".to_owned(),
    }
}

/// A short answer to the applicant.
pub fn letter(number: usize) -> Outgoing {
    Outgoing {
        message_id: format!("loket.{number}@lpse.karangmulia.example"),
        to: vec![address("dimas@karangmulia.example")],
        bcc: Vec::new(),
        waits_for_copies: false,
        subject: format!("Permohonan diterima {number}"),
        body: "Permohonan Saudara kami terima.\n.\n.. dan kami periksa.\n".to_owned(),
        in_reply_to: Some(format!("mail-{number}@karangmulia.example")),
        references: vec![format!("mail-{number}@karangmulia.example")],
        auto_submitted: true,
        date: DateTime::from_timestamp(1_794_000_000, 0).expect("within chrono's range"),
        enclosures: Vec::new(),
    }
}
