//! The invented office: LPSE Provinsi Lembayung Raya, its admins, and the people who ask.

use crate::letters;

/// The mailbox requests go to.
pub const MAILBOX: &str = "adminppe@lembayungraya.example";
/// The server whose `Authentication-Results` the sample office trusts.
pub const MAIL_SERVER: &str = "mx.lembayungraya.example";
pub(super) const PLACE: &str = "Muara Kencana";
pub(super) const BUREAU: &str = "Biro Pengadaan Barang dan Jasa";
const UNIT: &str = "Bagian Layanan Pengadaan Elektronik, Biro Pengadaan Barang dan Jasa";
const DECREE: &str = "000.3/0907/BLPE/B.PBJ";

/// Somebody with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub user_id: &'static str,
    pub name: &'static str,
    pub nip: &'static str,
    pub email: &'static str,
    pub phone: &'static str,
    pub position: &'static str,
    pub role: &'static str,
    /// Named in the decree of the year.
    pub appointed: bool,
}

impl Person {
    /// `19910517 201503 2 941`, as letters print it.
    pub fn nip_printed(&self) -> String {
        format!("{} {} {} {}", &self.nip[..8], &self.nip[8..14], &self.nip[14..15], &self.nip[15..])
    }

    /// `NIPPPK` for contract civil servants, whose 13th digit is a 2 (DOMAIN §3).
    pub fn nip_word(&self) -> &'static str {
        if self.nip.as_bytes()[12] == b'2' { "NIPPPK" } else { "NIP" }
    }

    pub fn work_unit(&self) -> &'static str {
        UNIT
    }

    pub(super) fn bare_name(&self) -> &'static str {
        self.name.split(',').next().unwrap_or(self.name)
    }
}

const fn helpdesk(
    user_id: &'static str,
    name: &'static str,
    nip: &'static str,
    email: &'static str,
    phone: &'static str,
    position: &'static str,
) -> Person {
    Person { user_id, name, nip, email, phone, position, role: "Helpdesk", appointed: true }
}

pub const RINA: Person = helpdesk(
    "RINAPL",
    "Rina Paramitha Lestari, S.Kom.",
    "199105172015032941",
    "rina.paramitha@lembayungraya.example",
    "084000007941",
    "Pranata Komputer Ahli Muda",
);
pub const AGUNG: Person = helpdesk(
    "HD.AGUNGPN",
    "Agung Prasetya Nugraha, A.Md.Kom.",
    "199308222019021942",
    "agung.prasetya@lembayungraya.example",
    "084000007942",
    "Pranata Komputer Terampil",
);
pub const MELATI: Person = helpdesk(
    "HD.MELATIKA",
    "Melati Kusuma Anindita, S.E.",
    "198911042014022943",
    "melati.kusuma@lembayungraya.example",
    "084000007943",
    "Analis Kebijakan Ahli Muda",
);
pub const JOHANNES: Person = helpdesk(
    "JOHANNESTS",
    "Johannes Tambunan Siregar, S.T.",
    "199402082021211944",
    "johannes.tambunan@lembayungraya.example",
    "084000007944",
    "Pranata Komputer Ahli Pertama",
);
pub const FARIDAH: Person = Person {
    user_id: "HD.FARIDAHS",
    name: "Faridah Hanum Salsabila, S.IP.",
    nip: "199609302020122945",
    email: "faridah.hanum@lembayungraya.example",
    phone: "084000007945",
    position: "Pengelola Layanan Pengadaan",
    role: "Helpdesk",
    appointed: false,
};
pub const SEKAR: Person = helpdesk(
    "HD.SEKARAP",
    "Sekar Ayu Puspitasari, S.AP.",
    "199207192017042946",
    "sekar.ayu@lembayungraya.example",
    "084000007946",
    "Pengelola Pengadaan Barang/Jasa Ahli Pertama",
);
pub const BAYU: Person = helpdesk(
    "BAYUAW",
    "Bayu Anggara Wicaksono, S.Kom.",
    "199004112018011947",
    "bayu.anggara@lembayungraya.example",
    "084000007947",
    "Pranata Komputer Ahli Muda",
);
pub const WULAN: Person = helpdesk(
    "WULANRK",
    "Wulan Retno Kinasih, S.Sos.",
    "198806252012012948",
    "wulan.retno@lembayungraya.example",
    "084000007948",
    "Pengelola Layanan Pengadaan",
);

const TEGUH: Person = Person {
    user_id: "PPE.TEGUHAW",
    name: "Teguh Anggoro Wibisono, S.T.",
    nip: "198408142009031951",
    email: "teguh.anggoro@lembayungraya.example",
    phone: "084000007951",
    position: "Pranata Komputer Ahli Madya",
    role: "Admin PPE",
    appointed: true,
};
const LESTARI: Person = Person {
    user_id: "PPE.LESTARIM",
    name: "Lestari Maharani, S.Kom.",
    nip: "198712032011012952",
    email: "lestari.maharani@lembayungraya.example",
    phone: "084000007952",
    position: "Pranata Komputer Ahli Muda",
    role: "Admin PPE",
    appointed: true,
};

/// Everybody with an account, admins first, as the decree lists those it names.
pub const PEOPLE: [Person; 10] = [TEGUH, LESTARI, RINA, AGUNG, MELATI, JOHANNES, SEKAR, BAYU, WULAN, FARIDAH];

/// What a configuration for the sample office needs.
#[derive(Debug, Clone)]
pub struct SampleOffice {
    pub id: &'static str,
    pub letters: letters::Office,
    /// Before every case number.
    pub prefix: &'static str,
    pub mailbox: &'static str,
    pub mail_server: &'static str,
    /// As CONTRACT "Accounts file".
    pub accounts_csv: String,
    /// Name and address of those who decide.
    pub admins: Vec<(&'static str, &'static str)>,
    pub superior: (&'static str, &'static str),
    pub sop_number: &'static str,
}

/// The office as it stands in the year of `day`.
pub fn office(day: chrono::NaiveDate) -> SampleOffice {
    SampleOffice {
        id: "lembayung-raya",
        letters: letters::Office {
            name: "LPSE Provinsi Lembayung Raya".to_owned(),
            unit: BUREAU.to_owned(),
            signature: "Admin PPE – LPSE Provinsi Lembayung Raya".to_owned(),
            phone: "(0598) 440120".to_owned(),
            hours_id: "Senin–Kamis 07.30–16.00, Jumat 07.30–16.30 WITA".to_owned(),
            hours_en: "Monday–Thursday 07:30–16:00, Friday 07:30–16:30 WITA".to_owned(),
            system: "SPSE".to_owned(),
            zone: "Asia/Makassar".to_owned(),
        },
        prefix: "LPSE",
        mailbox: MAILBOX,
        mail_server: MAIL_SERVER,
        accounts_csv: accounts_csv(day),
        admins: vec![(TEGUH.name, TEGUH.email), (LESTARI.name, LESTARI.email)],
        superior: ("Kartini Dewi Prameswari, S.Kom., M.T.", "kartini.dewi@lembayungraya.example"),
        sop_number: "000.3/0920/BLPE/B.PBJ",
    }
}

/// `000.3/0907/BLPE/B.PBJ/2026`.
pub fn decree_number(year: i32) -> String {
    format!("{DECREE}/{year}")
}

fn accounts_csv(day: chrono::NaiveDate) -> String {
    use chrono::Datelike;
    let header = "user_id,name,nip,email,phone,role,work_unit,position,active,decree_number,decree_valid_until";
    let year = day.year();
    let rows = PEOPLE.iter().map(|person| {
        let decree = match person.appointed {
            true => format!("{},{year}-12-31", decree_number(year)),
            false => ",".to_owned(),
        };
        format!(
            "{},\"{}\",{},{},{},{},\"{UNIT}\",{},true,{decree}",
            person.user_id, person.name, person.nip, person.email, person.phone, person.role, person.position
        )
    });
    let lines: Vec<String> = std::iter::once(header.to_owned()).chain(rows).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_number_and_an_account_of_their_own() {
        let unique =
            |pick: fn(&Person) -> &str| PEOPLE.iter().map(pick).collect::<std::collections::BTreeSet<_>>().len();

        assert_eq!(unique(|p| p.nip), PEOPLE.len());
        assert_eq!(unique(|p| p.user_id), PEOPLE.len());
        assert_eq!(unique(|p| p.email), PEOPLE.len());
        assert!(PEOPLE.iter().all(|p| p.nip.len() == 18 && p.nip[15..].starts_with('9')));
    }

    #[test]
    fn the_accounts_file_has_eleven_columns_in_every_row() {
        let csv = office(chrono::NaiveDate::from_ymd_opt(2026, 11, 9).unwrap()).accounts_csv;

        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        assert_eq!(reader.headers().unwrap().len(), 11);
        assert_eq!(reader.records().filter(|row| row.as_ref().is_ok_and(|row| row.len() == 11)).count(), PEOPLE.len());
    }
}
