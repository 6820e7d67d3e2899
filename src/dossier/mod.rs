//! From pages to findings, pure: pages → documents → facts with evidence → the checklist.

pub mod page;
