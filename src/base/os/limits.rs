//! How much memory the process may use: the limits of its control groups, and the memory of the machine.
//!
//! Control groups ("cgroups") are how Linux limits containers. There are two generations, and a machine may have both
//! mounted. What has to be read is found in three steps:
//!
//! 1. `/proc/self/mountinfo` tells where the hierarchies are mounted, and which part of each ([`CgroupMount`]): a
//!    container often sees only its own branch.
//! 2. `/proc/self/cgroup` tells the group of the process, as a path from the top of each hierarchy ([`CgroupPaths`]).
//! 3. Each group on the way from that group up to the mounted part has a file with its own limit. A group cannot use
//!    more than those above it, so the least of them counts.
//!
//! The parsers are pure functions of texts; only [`MemoryLimits::detect`] reads files.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Numbers from here on are how the first generation says "no limit": 2⁶³ rounded down to the page size.
const UNLIMITED: u64 = 1 << 62;

/// The limits on the memory of this process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryLimits {
    /// The least limit of the control groups that the process is in, if one has any.
    pub cgroup: Option<u64>,
    /// The memory of the machine, if it is known.
    pub physical: Option<u64>,
}

impl MemoryLimits {
    /// Reads the limits from the files of the system. They are looked up under `root`, which is `/` except for tests.
    pub fn detect(root: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let mounts = CgroupMount::parse_all(&read("proc/self/mountinfo"));
        let paths = CgroupPaths::parse(&read("proc/self/cgroup"));
        let limits = mounts.iter().filter_map(|mount| {
            let path = if mount.unified { &paths.unified } else { &paths.memory };
            mount.least_limit(root, path.as_deref()?)
        });
        Self { cgroup: limits.min(), physical: parse_meminfo(&read("proc/meminfo")) }
    }

    /// What the process can use at most, if anything is known about it.
    pub fn effective(&self) -> Option<u64> {
        self.cgroup.into_iter().chain(self.physical).min()
    }
}

/// A mounted hierarchy of control groups that limits memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CgroupMount {
    /// Whether it is of the second generation, which has one hierarchy for everything.
    pub unified: bool,
    /// The group that is mounted, as a path from the top of the hierarchy.
    pub group: PathBuf,
    /// Where it is mounted.
    pub point: PathBuf,
}

impl CgroupMount {
    /// The hierarchies that matter in the text of `/proc/self/mountinfo`. Lines that make no sense are left out.
    pub fn parse_all(mountinfo: &str) -> Vec<Self> {
        mountinfo.lines().filter_map(Self::parse).collect()
    }

    /// A line: id, parent's id, device, group, point, options and any number of tags; a hyphen; kind of file system,
    /// source, and the options of the file system, among them the controllers.
    fn parse(line: &str) -> Option<Self> {
        let (mount, system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (group, point) = (unescape(mount.next()?), unescape(mount.next()?));
        let mut system = system.split(' ');
        let unified = match system.next()? {
            "cgroup2" => true,
            "cgroup" if system.nth(1)?.split(',').any(|option| option == "memory") => false,
            _ => return None,
        };
        Some(Self { unified, group, point })
    }

    /// The least limit of the group `path` and those above it, as far as they are mounted below `root`.
    fn least_limit(&self, root: &Path, path: &Path) -> Option<u64> {
        let top = root.join(self.point.strip_prefix("/").unwrap_or(&self.point));
        let file = if self.unified { "memory.max" } else { "memory.limit_in_bytes" };
        // A group that is outside of the mounted part cannot be seen; then the mounted part is the best guess.
        let below = path.strip_prefix(&self.group).unwrap_or(Path::new(""));
        let visible = below.components().all(|part| matches!(part, Component::Normal(_)));
        let below = if visible { below } else { Path::new("") };
        let groups = below.ancestors().map(|group| top.join(group).join(file));
        groups.filter_map(|file| parse_limit(&fs::read_to_string(file).ok()?)).min()
    }
}

/// The control groups of a process, as paths from the tops of their hierarchies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CgroupPaths {
    /// The group in the hierarchy of the second generation.
    pub unified: Option<PathBuf>,
    /// The group in the hierarchy of the first generation that has the memory controller.
    pub memory: Option<PathBuf>,
}

impl CgroupPaths {
    /// Reads the text of `/proc/self/cgroup`: lines of a number, controllers and a path, with colons in between. The
    /// second generation has the number 0 and no controllers.
    pub fn parse(text: &str) -> Self {
        let mut paths = Self::default();
        for line in text.lines() {
            let mut parts = line.splitn(3, ':');
            let (Some(number), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            if number == "0" && controllers.is_empty() {
                paths.unified = Some(PathBuf::from(path));
            } else if controllers.split(',').any(|controller| controller == "memory") {
                paths.memory = Some(PathBuf::from(path));
            }
        }
        paths
    }
}

/// The limit in a group's file: a number of bytes, or none as either generation writes it.
fn parse_limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|&limit| limit < UNLIMITED)
}

/// The memory of the machine in the text of `/proc/meminfo`.
fn parse_meminfo(text: &str) -> Option<u64> {
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let (number, unit) = total.trim().split_once(' ')?;
    if unit.trim() == "kB" { number.parse::<u64>().ok()?.checked_mul(1024) } else { None }
}

/// A path in mountinfo has blanks, tabs, line breaks and backslashes as a backslash and three octal digits.
fn unescape(text: &str) -> PathBuf {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..3).filter(|_| byte == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(code) => {
                out.push(code);
                rest = &after[3..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    PathBuf::from(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const MIB: u64 = 1 << 20;
    const SECOND: &str = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    const FIRST: &str = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";

    /// A file system in a temporary folder, which goes with it.
    struct Root(PathBuf);

    impl Root {
        fn new(files: &[(&str, &str)]) -> Self {
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let root = Self(std::env::temp_dir().join(format!("tricolor-limits-{}-{number}", std::process::id())));
            for (path, text) in files {
                let path = root.0.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            root
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn cgroup(files: &[(&str, &str)]) -> Option<u64> {
        MemoryLimits::detect(&Root::new(files).0).cgroup
    }

    #[test]
    fn mounts_are_found() {
        let text = format!(
            "{SECOND}{FIRST}24 23 0:22 / /proc rw - proc proc rw\n\
             34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n\
             40 31 0:40 /docker/a\\040b /mnt/my\\134cg rw a:1 b:2 - cgroup none rw,cpu,memory\nnonsense\n\n1 2 - cgroup"
        );
        let mount = |unified, group: &str, point: &str| CgroupMount {
            unified,
            group: PathBuf::from(group),
            point: PathBuf::from(point),
        };
        let want = [
            mount(true, "/", "/sys/fs/cgroup"),
            mount(false, "/", "/sys/fs/cgroup/memory"),
            mount(false, "/docker/a b", "/mnt/my\\cg"),
        ];
        assert_eq!(CgroupMount::parse_all(&text), want);
    }

    #[test]
    fn paths_are_found() {
        let text = "9:name=systemd:/s\n4:cpu,memory:/a:b/c\n1:cpu:/\n0::/user.slice/x\nnonsense\n";
        let want = CgroupPaths { unified: Some(PathBuf::from("/user.slice/x")), memory: Some(PathBuf::from("/a:b/c")) };
        assert_eq!(CgroupPaths::parse(text), want);
        assert_eq!(CgroupPaths::parse("0:cpu"), CgroupPaths::default());
        assert_eq!(CgroupPaths::parse("1:memory_x:/y\n1::/z"), CgroupPaths::default());
    }

    #[test]
    fn limits_are_numbers_or_none() {
        let cases = [
            ("max\n", None),
            ("0\n", Some(0)),
            ("536870912\n", Some(512 * MIB)),
            ("9223372036854771712\n", None),
            ("9223372036854710272\n", None),
            ("18446744073709551616", None),
            ("-1", None),
            ("", None),
        ];
        for (text, want) in cases {
            assert_eq!(parse_limit(text), want, "{text:?}");
        }
    }

    #[test]
    fn physical_memory_is_in_kilobytes() {
        assert_eq!(parse_meminfo("MemTotal:       24102912 kB\nMemFree: 1 kB\n"), Some(24_102_912 * 1024));
        assert_eq!(parse_meminfo("MemFree: 1 kB\nMemTotal: 4 kB"), Some(4096));
        for bad in
            ["", "MemTotal:", "MemTotal: 5", "MemTotal: 5 MB", "MemTotal: x kB", "MemTotal: 18446744073709551615 kB"]
        {
            assert_eq!(parse_meminfo(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn escapes_are_octal() {
        for (text, want) in [("a\\040b", "a b"), ("\\011\\012\\134", "\t\n\\"), ("a\\", "a\\"), ("\\04", "\\04")] {
            assert_eq!(unescape(text), Path::new(want), "{text:?}");
        }
        assert_eq!(unescape("\\\u{e9}12"), Path::new("\\\u{e9}12"));
    }

    #[test]
    fn the_least_limit_on_the_way_up_counts() {
        let files = |leaf: &'static str, middle: &'static str, top: &'static str| {
            cgroup(&[
                ("proc/self/mountinfo", SECOND),
                ("proc/self/cgroup", "0::/a/b\n"),
                ("sys/fs/cgroup/a/b/memory.max", leaf),
                ("sys/fs/cgroup/a/memory.max", middle),
                ("sys/fs/cgroup/memory.max", top),
                ("sys/fs/cgroup/a/b/c/memory.max", "1"),
                ("sys/fs/cgroup/other/memory.max", "1"),
                ("sys/fs/memory.max", "1"),
            ])
        };
        assert_eq!(files("300", "200", "400"), Some(200));
        assert_eq!(files("100", "200", "max"), Some(100));
        assert_eq!(files("max", "max", "50"), Some(50));
        assert_eq!(files("max", "max", "max"), None);
    }

    #[test]
    fn the_first_generation_has_its_own_file() {
        let files = [
            ("proc/self/mountinfo", FIRST),
            ("proc/self/cgroup", "4:memory:/box/inner\n0::/\n"),
            ("sys/fs/cgroup/memory/box/inner/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "2097152\n"),
            ("sys/fs/cgroup/memory/box/memory.max", "1"),
        ];
        assert_eq!(cgroup(&files), Some(2 * MIB));
    }

    #[test]
    fn both_generations_at_once() {
        let mounts = format!("{FIRST}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
        let files = [
            ("proc/self/mountinfo", mounts.as_str()),
            ("proc/self/cgroup", "4:memory:/m\n0::/u\n"),
            ("sys/fs/cgroup/memory/m/memory.limit_in_bytes", "300"),
            ("sys/fs/cgroup/unified/u/memory.max", "200"),
        ];
        assert_eq!(cgroup(&files), Some(200));
        assert_eq!(cgroup(&files[..3]), Some(300));
    }

    #[test]
    fn a_container_sees_its_branch_only() {
        let mounts = "40 31 0:40 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let limit = |path: &str| {
            cgroup(&[
                ("proc/self/mountinfo", mounts),
                ("proc/self/cgroup", &format!("0::{path}\n")),
                ("sys/fs/cgroup/memory.max", "900"),
                ("sys/fs/cgroup/inner/memory.max", "800"),
                ("sys/fs/memory.max", "1"),
            ])
        };
        assert_eq!(limit("/docker/abc"), Some(900));
        assert_eq!(limit("/docker/abc/inner"), Some(800));
        assert_eq!(limit("/docker/abcd/inner"), Some(900), "a name is not a prefix of another");
        assert_eq!(limit("/elsewhere/inner"), Some(900));
        assert_eq!(limit("/docker/abc/../../inner"), Some(900), "a group outside of the namespace");
    }

    #[test]
    fn nothing_readable_is_no_limit() {
        let limits = MemoryLimits::detect(&Root::new(&[("proc/x", "")]).0);
        assert_eq!((limits, limits.effective()), (MemoryLimits::default(), None));
    }

    #[test]
    fn the_effective_limit_is_the_lower_one() {
        let root = Root::new(&[
            ("proc/meminfo", "MemTotal: 1024 kB\n"),
            ("proc/self/mountinfo", SECOND),
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "2097152\n"),
        ]);
        let mut limits = MemoryLimits::detect(&root.0);
        assert_eq!(limits, MemoryLimits { cgroup: Some(2 * MIB), physical: Some(MIB) });
        assert_eq!(limits.effective(), Some(MIB));
        limits.physical = Some(3 * MIB);
        assert_eq!(limits.effective(), Some(2 * MIB));
        limits.physical = None;
        assert_eq!(limits.effective(), Some(2 * MIB));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_has_memory() {
        let limits = MemoryLimits::detect(Path::new("/"));
        assert!(limits.physical.is_some_and(|bytes| bytes > 64 * MIB), "{limits:?}");
    }
}
