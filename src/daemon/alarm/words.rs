//! What alarms say: one sentence of what is wrong and one of what to do.

use super::Alarm;
use crate::sop::names::Language;

impl Alarm {
    pub fn say(&self, lang: Language) -> String {
        match lang {
            Language::Id => self.indonesian(),
            Language::En => self.english(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::MailNotFetched { mailbox, failures: 0, looked_at } => {
                let since = looked_at.map_or("the start".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string());
                format!(
                    "The mailbox {mailbox} was not looked at since {since}. Run `loket check --online`, then restart"
                )
            }
            Self::MailNotFetched { mailbox, failures, .. } => {
                format!(
                    "No mail can be fetched from {mailbox}: {failures} failures in a row. Run `loket check --online`"
                )
            }
            Self::MailShelved { mailbox, mails } => format!(
                "{mails} mails of {mailbox} cannot be taken in and stay in the inbox; each is tried again. The log says why"
            ),
            Self::MailsNotFiled { mailbox, mails } => format!(
                "{mails} mails of {mailbox} are on record and cannot be moved out of the inbox; each is tried again. Look at the \
                 mail server's folders and quota; the log says why"
            ),
            Self::CasesDamaged { cases } => {
                format!("{cases} cases or office books on record cannot be read. The log names them; restore them from a backup")
            }
            Self::OfficeClosed => "Loket had to stop and takes in no mail; the service manager starts it again. The log says why".to_owned(),
            Self::DaemonCrashes { crashes } => format!(
                "Loket ended {crashes} times within an hour without being told to, and was started again. `journalctl -u loket` says how it ended"
            ),
            Self::FilingFails { cases } => {
                format!("The archive does not take {cases} cases. `loket cases list --stuck` names them, `loket cases show` says why")
            }
            Self::RecordDamaged { things } => {
                format!("The last look through archive and live store found {things} damaged things. `loket archive verify` names them")
            }
            Self::OfficeUnseen => "What is on record cannot be counted, so other alarms may be missing. The log says why".to_owned(),
            Self::EffectStuck { rows } => {
                format!("{rows} letters or other effects are stuck. Run `loket cases list --stuck`")
            }
            Self::CourierFails { since: Some(since), .. } => format!(
                "No letter can be handed to the mail server since {}; all of them wait. Run `loket check --online`",
                since.format("%Y-%m-%d %H:%M UTC")
            ),
            Self::CourierFails { since: None, refused } => format!(
                "The mail server refused the last {refused} letters for good and took none since. The log says why"
            ),
            Self::OutboxStands { due_since } => format!(
                "Nothing due is carried out since {}. Look at the log, then restart",
                due_since.format("%Y-%m-%d %H:%M UTC")
            ),
            Self::OutcomeUnknown { cases } => {
                format!(
                    "The outcome of {cases} resets is unknown. Open them at the desk and look in the account system"
                )
            }
            Self::CertificateEnds { of, on } => format!("The certificate of {of} ends on {on}. Renew it"),
            Self::HolidaysMissing { year } => format!(
                "`holidays.files` has no dates for {year}, so holidays count as working time. Add the file of that \
                 year's joint decree and restart"
            ),
            Self::DiskAlmostFull { of, free_mb } => {
                format!("Only {free_mb} MB are free under {of}. Make room: intake stops when nothing can be written")
            }
            Self::ScansUnread => {
                "Scans and photographs cannot be read. Install tesseract-ocr with ind and eng, then restart".to_owned()
            }
            Self::ScannerAway => {
                "The virus scanner does not answer, and no mail is taken in. Start clamd; `loket check --online` tries it"
                    .to_owned()
            }
            Self::KeyChangeWaits => {
                "The change of the master key cannot go on and is tried again. Leave the earlier key in place; the log says why"
                    .to_owned()
            }
            Self::CanaryLost { sent } => format!(
                "Mail does not flow: what Loket sent to itself at {} is not back. Look at the mail server's queue and log",
                sent.format("%Y-%m-%d %H:%M UTC")
            ),
            Self::ClockInDoubt { seconds, believed: true } => format!(
                "The machine's clock went back by {}, and Loket goes by it. Look at `timedatectl`: while it is wrong, deadlines and links \
                 count from a wrong time",
                span(*seconds, ["days", "hours", "minutes"])
            ),
            Self::ClockInDoubt { seconds, .. } => format!(
                "The machine's clock stands {} {} the time that Loket goes by, and is believed once it has stood for ten minutes. \
                 Look at `timedatectl` before",
                span(*seconds, ["days", "hours", "minutes"]),
                if *seconds < 0 { "behind" } else { "ahead of" }
            ),
        }
    }

    fn indonesian(&self) -> String {
        match self {
            Self::MailNotFetched { mailbox, failures: 0, looked_at } => {
                let since = looked_at.map_or("dinyalakan".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string());
                format!(
                    "Kotak {mailbox} tidak diperiksa sejak {since}. Jalankan `loket check --online`, lalu mulai ulang"
                )
            }
            Self::MailNotFetched { mailbox, failures, .. } => format!(
                "Surel tidak dapat diambil dari {mailbox}: gagal {failures} kali berturut-turut. Jalankan `loket check --online`"
            ),
            Self::MailShelved { mailbox, mails } => format!(
                "{mails} surel dari {mailbox} belum dapat diproses dan tetap di kotak masuk; masing-masing dicoba lagi. Sebabnya ada di log"
            ),
            Self::MailsNotFiled { mailbox, mails } => format!(
                "{mails} surel dari {mailbox} sudah tercatat tetapi tidak dapat dipindahkan dari kotak masuk; masing-masing dicoba lagi. \
                 Periksa folder dan kuota di server surel; sebabnya ada di log"
            ),
            Self::CasesDamaged { cases } => {
                format!("{cases} permohonan atau buku kantor yang tersimpan tidak terbaca. Log menyebut nomornya; pulihkan dari cadangan")
            }
            Self::OfficeClosed => "Loket terpaksa berhenti dan tidak menerima surel; pengelola layanan menyalakannya lagi. Sebabnya ada di log".to_owned(),
            Self::DaemonCrashes { crashes } => format!(
                "Loket {crashes} kali berhenti tanpa diminta dalam satu jam, lalu dinyalakan lagi. `journalctl -u loket` menyebut cara berhentinya"
            ),
            Self::FilingFails { cases } => {
                format!("{cases} permohonan tidak dapat diarsipkan. `loket cases list --stuck` menyebutnya, `loket cases show` menjelaskan sebabnya")
            }
            Self::RecordDamaged { things } => {
                format!("Pemeriksaan terakhir arsip dan catatan berjalan menemukan {things} kerusakan. `loket archive verify` menyebutnya")
            }
            Self::OfficeUnseen => "Catatan tidak dapat dihitung, sehingga peringatan lain mungkin tidak muncul. Sebabnya ada di log".to_owned(),
            Self::EffectStuck { rows } => {
                format!("{rows} surat atau tindakan lain tertahan. Jalankan `loket cases list --stuck`")
            }
            Self::CourierFails { since: Some(since), .. } => format!(
                "Surat tidak dapat diserahkan kepada server surel sejak {}; semuanya menunggu. Jalankan `loket check --online`",
                since.format("%Y-%m-%d %H:%M UTC")
            ),
            Self::CourierFails { since: None, refused } => format!(
                "Server surel menolak {refused} surat terakhir dan tidak menerima satu pun setelahnya. Sebabnya ada di log"
            ),
            Self::OutboxStands { due_since } => format!(
                "Yang jatuh tempo tidak dikerjakan sejak {}. Lihat log, lalu mulai ulang",
                due_since.format("%Y-%m-%d %H:%M UTC")
            ),
            Self::OutcomeUnknown { cases } => {
                format!("Hasil {cases} reset tidak pasti. Buka di meja dan periksa di sistem akun")
            }
            Self::CertificateEnds { of, on } => format!("Sertifikat {of} berakhir pada {on}. Perbarui"),
            Self::HolidaysMissing { year } => format!(
                "`holidays.files` belum memuat tahun {year}, sehingga hari libur terhitung hari kerja. Tambahkan berkas \
                 keputusan bersama tahun itu, lalu mulai ulang"
            ),
            Self::DiskAlmostFull { of, free_mb } => format!(
                "Tinggal {free_mb} MB kosong di {of}. Kosongkan ruang: penerimaan berhenti bila tidak ada yang dapat ditulis"
            ),
            Self::ScansUnread => {
                "Hasil pindai dan foto tidak terbaca. Pasang tesseract-ocr dengan ind dan eng, lalu mulai ulang"
                    .to_owned()
            }
            Self::ScannerAway => {
                "Pemindai virus tidak menjawab, dan surel tidak diterima. Nyalakan clamd; `loket check --online` mencobanya"
                    .to_owned()
            }
            Self::KeyChangeWaits => {
                "Penggantian kunci utama tertahan dan dicoba lagi. Biarkan kunci lama di tempatnya; sebabnya ada di log".to_owned()
            }
            Self::CanaryLost { sent } => format!(
                "Surel tidak mengalir: yang dikirim Loket kepada dirinya sendiri pada {} belum kembali. Lihat antrean dan log \
                 server surel",
                sent.format("%Y-%m-%d %H:%M UTC")
            ),
            Self::ClockInDoubt { seconds, believed: true } => format!(
                "Jam mesin mundur {}, dan Loket mengikutinya. Periksa `timedatectl`: selama jam itu keliru, tenggat dan tautan \
                 dihitung dari waktu yang salah",
                span(*seconds, ["hari", "jam", "menit"])
            ),
            Self::ClockInDoubt { seconds, .. } => format!(
                "Jam mesin {} {} dari waktu yang dipakai Loket, dan diikuti setelah bertahan sepuluh menit. Periksa \
                 `timedatectl` sebelumnya",
                if *seconds < 0 { "tertinggal" } else { "mendahului" },
                span(*seconds, ["hari", "jam", "menit"])
            ),
        }
    }
}

/// A length of time in the unit that gives two or more of it, from days down to minutes.
fn span(seconds: i64, [days, hours, minutes]: [&str; 3]) -> String {
    match seconds.unsigned_abs() {
        long @ 172_800.. => format!("{} {days}", long / 86_400),
        some @ 7200.. => format!("{} {hours}", some / 3600),
        short => format!("{} {minutes}", short / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_doubt_is_told_with_how_far_off_it_is() {
        let said = |seconds, believed, lang| Alarm::ClockInDoubt { seconds, believed }.say(lang);

        assert!(said(-10 * 365 * 86_400, false, Language::En).contains("stands 3650 days behind the time"));
        assert!(said(7300, false, Language::Id).starts_with("Jam mesin mendahului 2 jam dari waktu"));
        assert!(said(-180, false, Language::Id).starts_with("Jam mesin tertinggal 3 menit dari waktu"));
        assert!(said(-90_000, true, Language::En).contains("went back by 25 hours, and Loket goes by it"));
        assert!(said(-172_800, true, Language::Id).contains("mundur 2 hari, dan Loket mengikutinya"));
    }
}
