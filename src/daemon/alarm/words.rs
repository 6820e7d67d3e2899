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
        }
    }
}
