//! The account's record: what SPSE, or the archive of initial registrations, holds about a person (SOP step 5).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::names::{Address, Nip, UserId};

/// One account. Facts that the register does not hold are `None`, never an empty string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub user_id: UserId,
    pub name: String,
    pub nip: Option<Nip>,
    pub email: Address,
    pub phone: Option<String>,
    pub role: String,
    pub work_unit: Option<String>,
    pub position: Option<String>,
    pub active: bool,
    pub decree_number: Option<String>,
    pub decree_valid_until: Option<NaiveDate>,
}
