//! What a process holds, as the kernel tells.

/// Its resident memory in megabytes.
pub(crate) fn megabytes(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
}

/// How many files it has open.
pub(crate) fn open_files(id: u32) -> f64 {
    std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count() as f64
}

/// How many threads it has.
pub(crate) fn threads(id: u32) -> f64 {
    std::fs::read_dir(format!("/proc/{id}/task")).unwrap().count() as f64
}
