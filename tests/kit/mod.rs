//! Real servers on loopback, in temporary folders, ended by process id.
