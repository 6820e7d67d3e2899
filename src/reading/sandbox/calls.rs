//! Which system calls a worker may make (seccomp). What is not listed is answered as if the kernel did not know it, so that
//! a library which merely tries falls back instead of failing. A list of what is allowed, since nobody can list the rest.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::Profile;

/// Harmless with any argument: memory, time, waiting, ending, and knowing oneself.
const QUIET: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_ppoll,
    libc::SYS_fstat,
    libc::SYS_close,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What starting tesseract, and tesseract, need besides. Where files are named, [`super::paths`] decides.
const TOOL: &[c_long] = &[
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_fadvise64,
    libc::SYS_pipe2,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_execve,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getrusage,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
];

/// The older spellings of the same calls, which only this architecture still has.
#[cfg(target_arch = "x86_64")]
mod older {
    pub const QUIET: &[libc::c_long] = &[libc::SYS_poll, libc::SYS_time];
    pub const TOOL: &[libc::c_long] = &[
        libc::SYS_access,
        libc::SYS_readlink,
        libc::SYS_stat,
        libc::SYS_lstat,
        libc::SYS_pipe,
        libc::SYS_dup2,
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_arch_prctl,
    ];
    /// Opening, with the place of its flags among the arguments.
    pub const OPEN: &[(libc::c_long, u8)] = &[(libc::SYS_open, 1)];
}

#[cfg(not(target_arch = "x86_64"))]
mod older {
    pub const QUIET: &[libc::c_long] = &[];
    pub const TOOL: &[libc::c_long] = &[];
    pub const OPEN: &[(libc::c_long, u8)] = &[];
}

/// What no parser and no library ever tries by itself: whoever does has taken the worker over.
const INTRUDING: &[c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_io_uring_setup,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_open_by_handle_at,
    libc::SYS_reboot,
];

const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_PTRACE;
/// A file that is made, emptied or has no name. Landlock 2 does not know of emptying, so this wall does.
const MAKING: i32 = libc::O_CREAT | libc::O_TRUNC | (libc::O_TMPFILE & !libc::O_DIRECTORY);

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Allows the calls of the profile and no others, from here on and in every child.
pub fn close(profile: Profile) -> Result<(), String> {
    let rules = match profile {
        Profile::Parse => parse(),
        Profile::Tool { .. } => tool(),
    };
    let refused = SeccompAction::Errno(libc::ENOSYS as u32);
    rules.and_then(|rules| apply(rules, refused, SeccompAction::Allow)).map_err(|why| told(&why))
}

/// From here on the calls in [`INTRUDING`], refused already, end the process.
pub fn turn_deadly() -> Result<(), String> {
    let rules = INTRUDING.iter().map(|call| (*call, Vec::new())).collect();
    apply(rules, SeccompAction::Allow, SeccompAction::KillProcess).map_err(|why| told(&why))
}

fn told(why: &seccompiler::Error) -> String {
    format!("cannot close the system calls (seccomp): {why}")
}

fn apply(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<(), seccompiler::Error> {
    let here = TargetArch::try_from(std::env::consts::ARCH)?;
    let program: BpfProgram = SeccompFilter::new(rules, otherwise, matched, here)?.try_into()?;
    seccompiler::apply_filter(&program)
}

/// No call that names a file; reading and writing on the pipes alone; no memory that can be both filled and run.
fn parse() -> Result<Rules, seccompiler::Error> {
    let mut rules: Rules = [QUIET, older::QUIET].concat().into_iter().map(|call| (call, Vec::new())).collect();
    let is = |value: i32| SeccompCmpOp::Eq.at(0, value);
    for call in [libc::SYS_read, libc::SYS_readv] {
        rules.insert(call, vec![only(is(libc::STDIN_FILENO)?)?]);
    }
    for call in [libc::SYS_write, libc::SYS_writev] {
        rules.insert(call, vec![only(is(libc::STDOUT_FILENO)?)?, only(is(libc::STDERR_FILENO)?)?]);
    }
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![only(without(2, libc::PROT_EXEC)?)?]);
    }
    // A further filter may come on top ([`turn_deadly`]): it can only forbid more.
    rules.insert(libc::SYS_prctl, vec![only(is(libc::PR_SET_NO_NEW_PRIVS)?)?]);
    rules.insert(libc::SYS_seccomp, vec![only(is(libc::SECCOMP_SET_MODE_FILTER as i32)?)?]);
    Ok(rules)
}

fn tool() -> Result<Rules, seccompiler::Error> {
    let all = [QUIET, TOOL, older::QUIET, older::TOOL].concat();
    let mut rules: Rules = all.into_iter().map(|call| (call, Vec::new())).collect();
    for (call, place) in [&[(libc::SYS_openat, 2)], older::OPEN].concat() {
        rules.insert(call, vec![only(without(place, MAKING)?)?]);
    }
    rules.insert(libc::SYS_clone, vec![only(without(0, NAMESPACES)?)?]);
    // Ceilings may be asked for, not set: the third argument is the new one.
    let asks = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![only(asks)?]);
    let plain = [libc::FIONBIO, libc::TCGETS].map(|request| SeccompCmpOp::Eq.at(1, request as i32).and_then(only));
    rules.insert(libc::SYS_ioctl, plain.into_iter().collect::<Result<_, _>>()?);
    Ok(rules)
}

/// A rule of one condition.
fn only(condition: SeccompCondition) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![condition])
}

/// The argument at this place has none of these bits.
fn without(place: u8, bits: i32) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCmpOp::MaskedEq(bits as u32 as u64).at(place, 0)
}

trait At {
    /// Compares the argument at this place, of 32 bits, as the kernel's own code does with it.
    fn at(self, place: u8, value: i32) -> Result<SeccompCondition, seccompiler::BackendError>;
}

impl At for SeccompCmpOp {
    fn at(self, place: u8, value: i32) -> Result<SeccompCondition, seccompiler::BackendError> {
        SeccompCondition::new(place, SeccompCmpArgLen::Dword, self, value as u32 as u64)
    }
}
