//! What the kernel knows of a process (`proc_pid_stat(5)`).

use std::fs;

/// When a process started, in ticks since the machine did; none if there is no such process, or only what is left of one.
pub(super) fn begun(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may have spaces and parentheses; fields are counted from behind it.
    let (_, after) = text.rsplit_once(')')?;
    let mut fields = after.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// All processes whose environment has this entry: whoever was started with it, and all that these have started, unless they
/// have taken another one.
pub(super) fn with_variable(entry: &str) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let has = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|known| known == entry.as_bytes())
    };
    ids.filter(has).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn processes_have_a_beginning() {
        assert!(super::begun(std::process::id()).is_some());
        assert_eq!(super::begun(u32::MAX), None);
    }
}
