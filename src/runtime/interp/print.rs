//! The built-in functions `print` and `println`, and values as panics show them.

use std::io::Write as _;

use super::Proc;
use super::state::Operands;
use crate::bytecode::program::Kind;
use crate::runtime::object::{Slice, Str, Trap, Value};

/// One operand of `print`.
pub fn print(_: &mut Proc, o: Operands) -> Result<(), Trap> {
    let word = o.get(o.a());
    let text = match o.low() {
        0 => (word != 0).to_string(),
        1 => (word as i64).to_string(),
        2 => word.to_string(),
        3 => float(f64::from_bits(word)),
        4 => {
            let [at, len] = o.pair(o.a());
            // SAFETY: verified code has a string there.
            return write(unsafe { Str { at: at as usize, len: len as usize }.bytes() });
        }
        5 => format!("{word:#x}"),
        6 => {
            let slice = Slice::from_words(o.pair(o.a()));
            format!("[{}/{}]{:#x}", slice.len, slice.cap, slice.at)
        }
        7 => {
            let [tag, payload] = o.pair(o.a());
            format!("({tag:#x},{payload:#x})")
        }
        8 => " ".to_owned(),
        10 => float32(f64::from_bits(word) as f32),
        _ => "\n".to_owned(),
    };
    write(text.as_bytes())
}

fn write(bytes: &[u8]) -> Result<(), Trap> {
    // Who closed our standard error does not want to know.
    _ = std::io::stderr().write_all(bytes);
    Ok(())
}

/// A float as `print` writes it: the fewest digits that mean it, with an exponent from 10⁶ on and below 10⁻⁴.
pub fn float(x: f64) -> String {
    shortest(x, &format!("{x:e}"))
}

/// The same of a `float32`.
pub fn float32(x: f32) -> String {
    shortest(f64::from(x), &format!("{x:e}"))
}

fn shortest(x: f64, text: &str) -> String {
    if x.is_nan() {
        return "NaN".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        // Within these bounds no digits are lost: the text has as many as are needed.
        let decimals = digits.split_once('.').map_or(0, |(_, rest)| rest.len() as i32) - exponent;
        return format!("{x:.*}", usize::try_from(decimals).unwrap_or(0));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// A panic's value that has no method for its text.
pub fn value(proc: &Proc, value: Value) -> String {
    let types = proc.memory.types();
    let Some(idx) = value.ty() else { return "nil".to_owned() };
    let ty = types.get(idx);
    let plain = match ty.kind() {
        Kind::Bool => (value.word != 0).to_string(),
        kind if kind.is_signed() => (value.word as i64).to_string(),
        kind if kind.is_unsigned() => value.word.to_string(),
        Kind::Float32 => float32(f64::from_bits(value.word) as f32),
        Kind::Float64 => float(f64::from_bits(value.word)),
        Kind::String => {
            // SAFETY: the payload of a string leads to one.
            let text = unsafe { (*(value.word as *const Str)).bytes() };
            // Lines after the first are indented, so that they cannot look like a trace.
            let text = String::from_utf8_lossy(text).replace('\n', "\n\t");
            return if ty.name() == "string" { text } else { format!("{}(\"{text}\")", ty.name()) };
        }
        _ => return format!("({}) {:#x}", ty.name(), value.word),
    };
    // Types of the language itself have no package.
    if ty.name().contains('.') { format!("{}({plain})", ty.name()) } else { plain }
}
