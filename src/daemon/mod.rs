//! Where the rooms are joined: configuration becomes adapters, adapters an engine, the engine a desk.

pub mod counter;
