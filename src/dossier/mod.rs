//! From pages to findings, pure: pages → documents → facts with evidence → the checklist.

pub mod fact;
pub mod fields;
pub mod fold;
pub mod page;
pub mod recognition;
pub mod sheet;
mod table;
