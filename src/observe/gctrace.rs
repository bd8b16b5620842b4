//! The lines of `GODEBUG=gctrace=1` and `GODEBUG=scavtrace=1`, as Go 1.27 prints them, to the character.
//!
//! ```text
//! gc 1 @0.003s 2%: 0.018+0.52+0.003 ms clock, 0.036+0.14/0.20/0.30+0.006 ms cpu, 4->4->0 MB, 4 MB goal, …
//!    │     │    │     └ elapsed time: first pause, marking, last pause
//!    │     │    │        CPU time: first pause, assists/dedicated/idle marking, last pause ┘
//!    │     │    └ share of the collector in all CPU time so far
//!    │     └ since the start of the program             heap at start, end, and alive, with the goal ┘
//!    └ number of the cycle
//! scav 416 KiB work (bg), 0 KiB work (eager), 52624 KiB now, 62% util
//! ```
//!
//! Go rounds down everywhere: shares to whole percents, sizes to whole MiB (written "MB") or KiB, times to two
//! significant digits of a millisecond, but not below a microsecond, and to whole milliseconds from 10 ms on.

use std::fmt;

use crate::memory::Observer;
use crate::memory::stats::{CycleTrace, ScavengeTrace};

/// Writes the lines to standard error, as `GODEBUG=gctrace=1,scavtrace=1` asks for them.
#[derive(Clone, Copy, Default, Debug)]
pub struct Printer {
    /// A line for each cycle.
    pub cycles: bool,
    /// A line for each round of giving memory back.
    pub scavenging: bool,
}

impl Observer for Printer {
    fn cycle(&self, trace: &CycleTrace) {
        if self.cycles {
            eprintln!("{}", cycle_line(trace));
        }
    }

    fn scavenged(&self, trace: &ScavengeTrace) {
        if self.scavenging {
            eprintln!("{}", scavenge_line(trace));
        }
    }
}

/// The line for a cycle, without a line break.
pub fn cycle_line(trace: &CycleTrace) -> String {
    let CycleTrace { cycle, started_ns, cpu_fraction, goal, stacks, globals, processors, .. } = *trace;
    let pause_cpu = |elapsed: u64| Milliseconds(elapsed.saturating_mul(trace.stopped_processors.into()));
    let started = started_ns / 1_000_000;
    let percent = (cpu_fraction * 100.0) as u64;
    format!(
        "gc {cycle} @{}.{:03}s {percent}%: {}+{}+{} ms clock, {}+{}/{}/{}+{} ms cpu, {}->{}->{} MB, {} MB goal, \
         {} MB stacks, {} MB globals, {processors} P{}",
        started / 1000,
        started % 1000,
        Milliseconds(trace.sweep_termination_ns),
        Milliseconds(trace.mark_ns),
        Milliseconds(trace.mark_termination_ns),
        pause_cpu(trace.sweep_termination_ns),
        Milliseconds(trace.assist_ns),
        Milliseconds(trace.dedicated_ns),
        Milliseconds(trace.idle_ns),
        pause_cpu(trace.mark_termination_ns),
        trace.heap_start >> 20,
        trace.heap_end >> 20,
        trace.heap_live >> 20,
        goal >> 20,
        stacks >> 20,
        globals >> 20,
        if trace.forced { " (forced)" } else { "" },
    )
}

/// The line for a round of giving memory back, without a line break. The last number is the part of the pages in
/// memory that spans use; of an empty heap it is 0 %.
pub fn scavenge_line(trace: &ScavengeTrace) -> String {
    let in_memory = u128::from(trace.in_use) + u128::from(trace.free);
    let percent = (u128::from(trace.in_use) * 100).checked_div(in_memory).unwrap_or(0);
    format!(
        "scav {} KiB work (bg), {} KiB work (eager), {} KiB now, {percent}% util{}",
        trace.background >> 10,
        trace.eager >> 10,
        trace.released >> 10,
        if trace.forced { " (forced)" } else { "" },
    )
}

/// Nanoseconds, written as milliseconds.
struct Milliseconds(u64);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0 / 1000;
        match us {
            0 => write!(f, "0"),
            1..100 => write!(f, "0.{us:03}"),
            100..1000 => write!(f, "0.{:02}", us / 10),
            1000..10_000 => write!(f, "{}.{}", us / 1000, us / 100 % 10),
            _ => write!(f, "{}", us / 1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn cycle() -> CycleTrace {
        CycleTrace {
            cycle: 1,
            started_ns: 3_999_999,
            cpu_fraction: 0.0299,
            sweep_termination_ns: 18_100,
            mark_ns: 529_999,
            mark_termination_ns: 3_400,
            assist_ns: 140_000,
            dedicated_ns: 200_000,
            idle_ns: 300_000,
            stopped_processors: 2,
            heap_start: 4 * MIB,
            heap_end: 5 * MIB - 1,
            heap_live: MIB - 1,
            goal: 4 * MIB + 7,
            stacks: 0,
            globals: 0,
            objects: 0,
            processors: 2,
            forced: false,
        }
    }

    #[test]
    fn a_cycle() {
        let line = "gc 1 @0.003s 2%: 0.018+0.52+0.003 ms clock, 0.036+0.14/0.20/0.30+0.006 ms cpu, 4->4->0 MB, \
                    4 MB goal, 0 MB stacks, 0 MB globals, 2 P";
        assert_eq!(cycle_line(&cycle()), line);
        assert_eq!(cycle_line(&CycleTrace { forced: true, ..cycle() }), format!("{line} (forced)"));
    }

    #[test]
    fn large_numbers() {
        let trace = CycleTrace {
            cycle: 123_456,
            started_ns: 86_400_005_000_000,
            cpu_fraction: 1.0,
            mark_ns: 12_345_678_901,
            sweep_termination_ns: u64::MAX,
            heap_start: u64::MAX,
            stacks: 3 * MIB,
            globals: 2 * MIB,
            objects: 0,
            processors: 64,
            stopped_processors: 8,
            ..CycleTrace::default()
        };
        let want = "gc 123456 @86400.005s 100%: 18446744073709+12345+0 ms clock, 18446744073709+0/0/0+0 ms cpu, \
                    17592186044415->0->0 MB, 0 MB goal, 3 MB stacks, 2 MB globals, 64 P";
        assert_eq!(cycle_line(&trace), want);
    }

    #[test]
    fn milliseconds_have_two_digits_rounded_down() {
        let cases = [
            (0, "0"),
            (999, "0"),
            (1_000, "0.001"),
            (1_999, "0.001"),
            (9_999, "0.009"),
            (10_000, "0.010"),
            (99_999, "0.099"),
            (100_000, "0.10"),
            (109_999, "0.10"),
            (110_000, "0.11"),
            (999_999, "0.99"),
            (1_000_000, "1.0"),
            (1_099_999, "1.0"),
            (1_100_000, "1.1"),
            (9_999_999, "9.9"),
            (10_000_000, "10"),
            (10_999_999, "10"),
            (11_000_000, "11"),
            (1_234_567_890, "1234"),
        ];
        for (ns, want) in cases {
            assert_eq!(Milliseconds(ns).to_string(), want, "{ns}");
        }
    }

    #[test]
    fn seconds_have_three_decimals_rounded_down() {
        for (ns, want) in [(0, "@0.000s"), (999_999, "@0.000s"), (1_000_000, "@0.001s"), (1_049_999_999, "@1.049s")] {
            let line = cycle_line(&CycleTrace { started_ns: ns, ..cycle() });
            assert_eq!(line.split(' ').nth(2), Some(want), "{ns}");
        }
    }

    #[test]
    fn shares_are_whole_percents_rounded_down() {
        for (fraction, want) in [(0.0, "0%:"), (0.00999, "0%:"), (0.01, "1%:"), (0.5, "50%:"), (0.29, "28%:")] {
            let line = cycle_line(&CycleTrace { cpu_fraction: fraction, ..cycle() });
            assert_eq!(line.split(' ').nth(3), Some(want), "{fraction}");
        }
    }

    #[test]
    fn giving_memory_back() {
        let trace = ScavengeTrace {
            background: 416 << 10,
            eager: 1023,
            released: (52_625 << 10) - 1,
            in_use: 629,
            free: 371,
            forced: false,
        };
        let line = "scav 416 KiB work (bg), 0 KiB work (eager), 52624 KiB now, 62% util";
        assert_eq!(scavenge_line(&trace), line);
        assert_eq!(scavenge_line(&ScavengeTrace { forced: true, ..trace }), format!("{line} (forced)"));
        let util = |in_use, free| scavenge_line(&ScavengeTrace { in_use, free, ..trace });
        assert!(util(0, 0).ends_with(" 0% util"));
        assert!(util(1 << 30, 0).ends_with(" 100% util"));
        assert!(util(u64::MAX, u64::MAX).ends_with(" 50% util"));
    }

    /// Lines for cycles that Go 1.27 has printed.
    const GO_CYCLES: &[&str] = &[
        "gc 1 @0.003s 8%: 0.16+8.6+0.059 ms clock, 0.33+0.64/1.4/0.10+0.11 ms cpu, 3->8->8 MB, 4 MB goal, \
         0 MB stacks, 0 MB globals, 2 P",
        "gc 2 @0.015s 15%: 0.11+4.7+0.19 ms clock, 0.23+3.8/0.10/0.072+0.38 ms cpu, 20->20->16 MB, 20 MB goal, \
         0 MB stacks, 0 MB globals, 2 P",
        "gc 3 @0.029s 13%: 0.12+15+0.22 ms clock, 0.25+1.5/3.4/0.14+0.45 ms cpu, 28->33->20 MB, 33 MB goal, \
         0 MB stacks, 0 MB globals, 2 P",
        "gc 5 @0.067s 15%: 0.021+13+0.004 ms clock, 0.043+6.0/0.18/13+0.008 ms cpu, 38->45->32 MB, 45 MB goal, \
         0 MB stacks, 0 MB globals, 2 P",
        "gc 6 @0.101s 11%: 0.026+19+0.049 ms clock, 0.053+0.13/1.6/9.1+0.099 ms cpu, 55->64->35 MB, 65 MB goal, \
         0 MB stacks, 0 MB globals, 2 P",
        "gc 8 @0.149s 9%: 0.026+1.9+0.003 ms clock, 0.053+0/0.050/3.8+0.006 ms cpu, 56->56->32 MB, 98 MB goal, \
         0 MB stacks, 0 MB globals, 2 P (forced)",
        "gc 9 @0.573s 2%: 0.047+2.9+0.006 ms clock, 0.094+2.8/0.035/2.8+0.012 ms cpu, 42->42->8 MB, 32 MB goal, \
         0 MB stacks, 0 MB globals, 2 P",
        "gc 17 @1.378s 2%: 0.054+8.2+0.005 ms clock, 0.10+3.9/2.6/5.5+0.011 ms cpu, 20->23->15 MB, 21 MB goal, \
         0 MB stacks, 0 MB globals, 2 P",
        "gc 20 @1.713s 2%: 0.31+6.1+0.005 ms clock, 0.63+0/0.90/8.2+0.011 ms cpu, 16->16->8 MB, 22 MB goal, \
         0 MB stacks, 0 MB globals, 2 P (forced)",
    ];
    /// Lines for the scavenger that Go 1.27 has printed.
    const GO_SCAVENGES: &[&str] = &[
        "scav 0 KiB work (bg), 0 KiB work (eager), 3080 KiB now, 100% util",
        "scav 0 KiB work (bg), 0 KiB work (eager), 3896 KiB now, 62% util",
        "scav 17600 KiB work (bg), 15344 KiB work (eager), 33088 KiB now, 19% util",
        "scav 0 KiB work (bg), 23888 KiB work (eager), 56976 KiB now, 72% util",
        "scav 416 KiB work (bg), 0 KiB work (eager), 52624 KiB now, 62% util",
        "scav 0 KiB work (bg), 14872 KiB work (eager), 68392 KiB now, 95% util (forced)",
    ];

    /// The numbers in a line, and how many thousandths each is.
    fn numbers(line: &str) -> Vec<u64> {
        let texts = line.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|text| !text.is_empty());
        texts.map(|text| (text.parse::<f64>().unwrap() * 1000.0).round() as u64).collect()
    }

    /// The record with the least numbers for which Go would have printed `line`.
    fn read_cycle(line: &str) -> CycleTrace {
        let n: [u64; 18] = numbers(line).try_into().unwrap();
        let whole = |i: usize| n[i] / 1000;
        let ns = |i: usize| n[i] * 1000;
        let processors = whole(17);
        let pause = |clock: usize, cpu: usize| ns(clock).max(ns(cpu).div_ceil(processors));
        CycleTrace {
            cycle: whole(0),
            started_ns: ns(1) * 1000,
            cpu_fraction: (whole(2) as f64 + 0.5) / 100.0,
            sweep_termination_ns: pause(3, 6),
            mark_ns: ns(4),
            mark_termination_ns: pause(5, 10),
            assist_ns: ns(7),
            dedicated_ns: ns(8),
            idle_ns: ns(9),
            stopped_processors: processors as u32,
            heap_start: whole(11) * MIB,
            heap_end: whole(12) * MIB,
            heap_live: whole(13) * MIB,
            goal: whole(14) * MIB,
            stacks: whole(15) * MIB,
            globals: whole(16) * MIB,
            objects: 0,
            processors: processors as u32,
            forced: line.ends_with(" (forced)"),
        }
    }

    #[test]
    fn lines_of_go_are_printed_back() {
        for line in GO_CYCLES {
            assert_eq!(cycle_line(&read_cycle(line)), *line);
        }
        for line in GO_SCAVENGES {
            let n: [u64; 4] = numbers(line).try_into().unwrap();
            let trace = ScavengeTrace {
                background: n[0] / 1000 * 1024,
                eager: n[1] / 1000 * 1024,
                released: n[2] / 1000 * 1024,
                in_use: n[3] / 1000,
                free: 100 - n[3] / 1000,
                forced: line.ends_with(" (forced)"),
            };
            assert_eq!(scavenge_line(&trace), *line);
        }
    }
}
