//! Settings from the environment.

use std::num::NonZeroUsize;

use crate::memory::{Checks, Config};
use crate::runtime::interp::{Backend, Execution};

/// How programs run.
#[derive(Clone)]
pub struct Settings {
    /// How many processors run goroutines at a time.
    pub processors: NonZeroUsize,
    /// The heap.
    pub heap: Config,
    /// A line on standard error for each collection.
    pub gctrace: bool,
    /// A line for each time that memory is given back.
    pub scavtrace: bool,
    /// How instructions are executed.
    pub execution: Execution,
}

impl Default for Settings {
    /// As many processors as the system lets us use, and everything else as usual.
    fn default() -> Self {
        Self {
            processors: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            heap: Config::default(),
            gctrace: false,
            scavtrace: false,
            execution: Execution::default(),
        }
    }
}

impl Settings {
    /// From the environment: `GOGC`, `GOMEMLIMIT`, `GOMAXPROCS` and `GODEBUG` as Go has them, and `VM_MAX_HEAP`: bytes,
    /// with a unit as in `GOMEMLIMIT`, beyond which a program is out of memory.
    ///
    /// # Errors
    /// A variable has a value that means nothing: the message, as Go words it.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut settings = Self::default();
        if let Some(text) = variable("GOGC").filter(|text| !text.is_empty()) {
            settings.heap.gogc = match text.as_str() {
                "off" => None,
                // As Go does, what is no number counts as the default.
                other => match other.parse::<i32>() {
                    Ok(percent) => u32::try_from(percent).ok(),
                    Err(_) => settings.heap.gogc,
                },
            };
        }
        if let Some(text) = variable("GOMEMLIMIT").filter(|text| !text.is_empty()) {
            settings.heap.memory_limit = match text.as_str() {
                "off" => None,
                other => Some(bytes(other).ok_or_else(|| format!("malformed GOMEMLIMIT; see the docs: {other:?}"))?),
            };
        }
        if let Some(text) = variable("VM_MAX_HEAP").filter(|text| !text.is_empty()) {
            let limit =
                bytes(&text).ok_or_else(|| format!("malformed VM_MAX_HEAP: {text:?}; say 512MiB or the like"))?;
            settings.heap.hard_limit = Some(limit);
        }
        // As Go does, what is no number counts as nothing.
        if let Some(processors) = variable("GOMAXPROCS").and_then(|text| text.parse().ok()) {
            settings.processors = processors;
        }
        for setting in variable("GODEBUG").unwrap_or_default().split(',') {
            settings.debug(setting.trim());
        }
        Ok(settings)
    }

    /// A setting of `GODEBUG`; unknown ones are ignored, as Go does.
    fn debug(&mut self, setting: &str) {
        let Some((name, value)) = setting.split_once('=') else { return };
        let on = value != "0";
        let checks: &mut Checks = &mut self.heap.checks;
        match name {
            "gctrace" => self.gctrace = on,
            "scavtrace" => self.scavtrace = on,
            "gcstoptheworld" => checks.stop_the_world = on,
            "gccheckmark" => checks.check_mark = on,
            "clobberfree" => checks.clobber_free = on,
            "checkheap" => checks.check_heap = on,
            "gcstress" => self.execution.stress = on,
            "deadpoison" => self.execution.poison = on,
            "dispatch" if value == "loop" => self.execution.backend = Backend::Looped,
            _ => {}
        }
    }
}

/// A number of bytes with a unit: `B`, `KiB`, `MiB`, `GiB`, `TiB`, or none.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return None,
    };
    let number: u64 = digits.parse().ok()?;
    number.checked_mul(1 << unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::from_environment(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("512MiB"), Some(512 << 20));
        assert_eq!(bytes("7"), Some(7));
        assert_eq!(bytes("1MB"), None);
        assert_eq!(bytes("MiB"), None);
        assert_eq!(bytes("99999999TiB"), None);
    }

    #[test]
    fn variables_are_as_in_go() {
        assert_eq!(settings(&[("GOGC", "off")]).map(|s| s.heap.gogc), Ok(None));
        assert_eq!(settings(&[("GOGC", "50")]).map(|s| s.heap.gogc), Ok(Some(50)));
        assert_eq!(settings(&[("GOGC", "-1")]).map(|s| s.heap.gogc), Ok(None));
        assert_eq!(settings(&[("GOGC", "x")]).map(|s| s.heap.gogc), Ok(Some(100)));
        assert_eq!(settings(&[("GOMEMLIMIT", "1GiB")]).map(|s| s.heap.memory_limit), Ok(Some(1 << 30)));
        assert!(settings(&[("GOMEMLIMIT", "much")]).is_err());
        let debug = settings(&[("GODEBUG", "gctrace=1,checkheap=1,unknown=3")]);
        assert_eq!(debug.map(|s| (s.gctrace, s.heap.checks.check_heap)), Ok((true, true)));
    }
}
