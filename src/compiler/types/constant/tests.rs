//! Values against what Go's compiler shows, against machine arithmetic, and against themselves.

use proptest::prelude::*;

use super::*;
use crate::compiler::syntax::ast::{BinOp, UnOp};
use crate::compiler::types::Basic;

/// How `/` divides.
const INT: bool = true;
const FLOAT: bool = false;

fn int(text: &str) -> Value {
    int_literal(text).unwrap_or_else(|why| panic!("{text}: {why:?}"))
}

fn float(text: &str) -> Value {
    float_literal(text).unwrap_or_else(|why| panic!("{text}: {why:?}"))
}

fn op(op: BinOp, x: &Value, y: &Value) -> Value {
    binary(op, x, y, FLOAT).unwrap_or_else(|why| panic!("{x:?} {op:?} {y:?}: {why:?}"))
}

fn int_op(op: BinOp, x: &Value, y: &Value) -> Value {
    binary(op, x, y, INT).unwrap_or_else(|why| panic!("{x:?} {op:?} {y:?}: {why:?}"))
}

/// 2^n for n up to the shift limit.
fn power(n: u32) -> Value {
    shift(BinOp::Shl, &Value::Int(1), n)
}

fn too_large(x: &Value) -> bool {
    x.bit_len().is_some_and(|bits| bits > INTEGER_BITS)
}

fn shown(x: &Value) -> String {
    x.to_string_short(true)
}

#[test]
fn integer_literals() {
    for (text, value) in [
        ("0", 0),
        ("42", 42),
        ("0x_1F", 31),
        ("0b101", 5),
        ("0o17", 15),
        ("017", 15),
        ("0B1", 1),
        ("1_000_000", 1_000_000),
    ] {
        assert_eq!(int(text), Value::Int(value), "{text}");
    }
    assert_eq!(int("9223372036854775808").to_string_short(false), "9223372036854775808");
    assert_eq!(int("0xffffffffffffffff").as_u64(), Some(u64::MAX));
    assert_eq!(int(&format!("0x{}", "f".repeat(128))).bit_len(), Some(512));
    assert_eq!(int_literal(&format!("0x1{}", "0".repeat(128))), Err(BadLiteral::Overflow));
    let long = "9".repeat(10_001);
    assert_eq!(int_literal(&long), Err(BadLiteral::TooLong));
    assert_eq!(BadLiteral::TooLong.message(&long), "excessively long constant: 9999999999... (10001 chars)");
    for bad in ["", "0x", "_", "12a", "08", "é"] {
        assert_eq!(int_literal(bad), Err(BadLiteral::Malformed), "{bad}");
    }
}

#[test]
fn float_literals_are_exact() {
    for (text, value) in [
        ("1.0", 1),
        ("1e9", 1_000_000_000),
        ("1E+5", 100_000),
        ("3.0e0", 3),
        (".5e1", 5),
        ("1.e5", 100_000),
        ("0128e0", 128),
        ("0X1P5", 32),
        ("0x1.8p1", 3),
        ("0x1p+0_0", 1),
        ("1e0000000000000000000000000000000000000001", 10),
        ("0e-9223372036854775808", 0),
        ("0x0p9223372036854775807", 0),
        ("1e-2147483649", 0),
        ("1e-646456994", 0),
        ("12345e-2147483649", 0),
    ] {
        assert_eq!(float(text), Value::Int(value), "{text}");
    }
    assert_eq!(float("0.1"), op(BinOp::Div, &Value::Int(1), &Value::Int(10)));
    assert_eq!(float("0.125"), float("0x1p-3"));
    assert_eq!(float("2.50"), float("250e-2"));
    assert_eq!(float("1e100"), float("0.0000000001e110"));
    assert_eq!(float("123456789012345678901234567890e-30"), float("0.12345678901234567890123456789"));
    assert_eq!(float(&format!("0.{}", "1".repeat(9_998))).to_string_short(true), "0.111111");
    for bad in [
        "",
        ".",
        "1e",
        "1e+",
        "0x1.5",
        "1e1000000000",
        "1e-10000000000",
        "1e646456993",
        "10e2147483646",
        "1e-2147483650",
        "0x1p2147483647",
        "0x1p-2147483650",
        "0e9223372036854775808",
        "0x1p10000000000000000000000000",
    ] {
        assert_eq!(float_literal(bad), Err(BadLiteral::Malformed), "{bad}");
    }
}

#[test]
fn numbers_are_shown_as_go_shows_them() {
    for (text, wanted) in [
        ("1e1000", "1e+1000"),
        ("1.23456789e1000", "1.23457e+1000"),
        ("9.9999999e1000", "1e+1001"),
        ("9.9999949e1000000", "9.99999e+1000000"),
        ("1e21", "1e+21"),
        ("1234567.8", "1.23457e+06"),
        ("100000.5", "100000.5"),
        ("1000000.5", "1.0000005e+06"),
        ("99999.95", "99999.9"),
        ("999999.5", "999999.5"),
        ("100001.0", "100001"),
        ("1000000.0", "1e+06"),
        ("1e-5", "1e-05"),
        ("0.0001", "0.0001"),
        ("0.00012345678", "0.000123457"),
        ("1e-400", "1e-400"),
        ("5e-324", "4.94066e-324"),
        ("2e-324", "2e-324"),
        ("3e-320", "2.99997e-320"),
        ("1.5e-5000", "1.5e-5000"),
        ("1e100000000", "1e+100000000"),
        ("1e-100000000", "1e-100000000"),
        ("0x1p2147483646", "4.40403e+646456992"),
        ("0x1p-2147483649", "2.83831e-646456994"),
        ("0x1p-2147483647", "1.13532e-646456993"),
        ("9.9999999e-4000", "1e-3999"),
        ("9.9999999e307", "1e+308"),
        ("9.9999999e308", "1e+309"),
        ("0x1.8p100", "1.90148e+30"),
        ("0.9999999", "0.9999999"),
        ("1.000000000000000000001", "1"),
        ("12345678901234567890.5", "1.23457e+19"),
    ] {
        assert_eq!(shown(&float(text)), wanted, "{text}");
    }
    let third = op(BinOp::Div, &Value::Int(-2), &Value::Int(3));
    assert_eq!(shown(&third), "-0.666667");
    assert_eq!(Value::Int(1_000_000).to_string_short(false), "1000000");
    assert_eq!(power(70).to_string_short(false), "1180591620717411303424");
    assert_eq!(Value::Bool(true).to_string_short(false), "true");
}

#[test]
fn strings_are_quoted_and_cut() {
    let show = |bytes: &[u8]| Value::from_bytes(bytes).to_string_short(false);
    assert_eq!(show(b"a\xffb\xe1\x88\xb4\n\"'`"), "\"a\\xffb\u{1234}\\n\\\"'`\"");
    assert_eq!(
        show("é\u{301}\u{a0}\u{200b}\u{e000}\u{e0001}".as_bytes()),
        "\"é\u{301}\\u00a0\\u200b\\ue000\\U000e0001\""
    );
    assert_eq!(show(b"\0\x07\x08\x0c\r\t\x0b\x7f\\"), r#""\x00\a\b\f\r\t\v\x7f\\""#);
    assert_eq!(show(b"\xff\xc0\xaf\xef\xbf\xbd\xed\xa0\x80"), "\"\\xff\\xc0\\xaf\u{fffd}\\xed\\xa0\\x80\"");
    assert_eq!(show(&[b'1'; 70]), format!("\"{}\"", "1".repeat(70)));
    assert_eq!(show(&[b'1'; 71]), format!("\"{}...", "1".repeat(68)));
    assert_eq!(show("日".repeat(100).as_bytes()), format!("\"{}...", "日".repeat(68)));
}

#[test]
fn integers_do_not_wrap() {
    let min = Value::Int(i64::MIN);
    assert_eq!(unary(UnOp::Minus, &min, None), power(63));
    assert_eq!(unary(UnOp::Minus, &power(63), None), min);
    assert_eq!(int_op(BinOp::Sub, &min, &Value::Int(1)).to_string_short(false), "-9223372036854775809");
    assert_eq!(int_op(BinOp::Div, &min, &Value::Int(-1)), power(63));
    assert_eq!(int_op(BinOp::Rem, &min, &Value::Int(-1)), Value::Int(0));
    assert_eq!(int_op(BinOp::Div, &Value::Int(-7), &Value::Int(2)), Value::Int(-3));
    assert_eq!(int_op(BinOp::Rem, &unary(UnOp::Minus, &power(100), None), &Value::Int(1000)), Value::Int(-376));
    assert_eq!(int_op(BinOp::AndNot, &power(100), &Value::Int(-1)), Value::Int(0));
    assert_eq!(shift(BinOp::Shr, &Value::Int(-5), 1000), Value::Int(-1));
    assert_eq!(shift(BinOp::Shr, &unary(UnOp::Minus, &power(100), None), 99), Value::Int(-2));
    assert_eq!(shift(BinOp::Shr, &power(500), 499), Value::Int(2));
    assert_eq!(shift(BinOp::Shl, &Value::Int(-1), 63), min);
    assert_eq!(unary(UnOp::Xor, &Value::Int(0), Some(64)), Value::from_u64(u64::MAX));
    assert_eq!(unary(UnOp::Xor, &Value::Int(0xf0f0), Some(16)), Value::Int(3855));
    assert_eq!(unary(UnOp::Xor, &Value::Int(97), None), Value::Int(-98));
}

#[test]
fn limits_of_operations() {
    let zero = Value::Int(0);
    for (x, kind) in [(Value::Int(1), INT), (Value::Int(1), FLOAT), (float("0.5"), FLOAT), (float("1e5000"), FLOAT)] {
        assert_eq!(binary(BinOp::Div, &x, &zero, kind), Err(Fault::DivisionByZero));
    }
    assert_eq!(binary(BinOp::Rem, &Value::Int(1), &zero, INT), Err(Fault::DivisionByZero));
    assert_eq!(shift_count(&Value::Int(1074)), Ok(1074));
    assert_eq!(shift_count(&Value::Int(1075)), Err(BadCount::TooLarge));
    assert_eq!(shift_count(&power(64)), Err(BadCount::TooLarge));
    assert_eq!(shift_count(&Value::Int(-1)), Err(BadCount::Negative));
    assert_eq!(shift_count(&float("1.5")), Err(BadCount::NotInteger));
    assert!(!too_large(&power(511)));
    assert!(too_large(&power(512)));
    let lowest =
        unary(UnOp::Minus, &int_op(BinOp::Add, &int_op(BinOp::Sub, &power(511), &Value::Int(1)), &power(511)), None);
    assert!(!too_large(&lowest));
    assert!(too_large(&unary(UnOp::Xor, &unary(UnOp::Minus, &lowest, None), None)));
    assert!(too_large(&shift(BinOp::Shl, &float("1e1000"), 1074)));
    let huge = float("0x1p1000000000");
    let squared = op(BinOp::Mul, &huge, &huge);
    assert_eq!(shown(&squared), "2.12795e+602059991");
    assert_eq!(binary(BinOp::Mul, &squared, &huge, FLOAT), Err(Fault::NotRepresentable));
    assert_eq!(op(BinOp::Div, &op(BinOp::Div, &Value::Int(1), &squared), &squared), zero);
    let long = (0..26).fold(Value::from_bytes(&[b'x'; 16]), |s, _| op(BinOp::Add, &s, &s));
    let Err(fault) = binary(BinOp::Add, &long, &long, INT) else { panic!("too long") };
    assert_eq!(fault.message(), "constant string too long (2147483648 bytes > 2000000000 bytes)");
}

#[test]
fn numbers_beyond_exact_arithmetic_come_back() {
    let (big, three) = (float("1e5000"), Value::Int(3));
    assert_eq!(op(BinOp::Mul, &op(BinOp::Div, &big, &three), &three), big);
    assert_eq!(op(BinOp::Div, &big, &float("1e4999")), Value::Int(10));
    assert_eq!(
        op(BinOp::Div, &op(BinOp::Mul, &op(BinOp::Div, &big, &three), &three), &float("1e4999")),
        Value::Int(10)
    );
    assert_eq!(op(BinOp::Mul, &op(BinOp::Div, &Value::Int(1), &float("3e5000")), &float("3e5000")), Value::Int(1));
    assert_eq!(op(BinOp::Sub, &big, &big), Value::Int(0));
    assert_eq!(op(BinOp::Add, &big, &Value::Int(1)), big);
    assert_eq!(op(BinOp::Add, &Value::Int(0), &float("1e-5000")), float("1e-5000"));
    assert_eq!(compare(BinOp::Gt, &float("1e10000"), &float("1e9999")), Some(true));
    assert_eq!(compare(BinOp::Lt, &unary(UnOp::Minus, &float("1e10000"), None), &float("1e-9999")), Some(true));
    assert_eq!(compare(BinOp::Lt, &float("1e-9999"), &float("0.1")), Some(true));
    assert_eq!(float("1e5000").to_int(), None);
    assert!(float("1e1000").is_integer());
}

#[test]
fn what_kinds_can_hold() {
    use Basic::*;
    let ok = |x: &Value, to| representable(x, to).is_ok();
    for (kind, least, most) in [(Int8, -128, 127), (Uint8, 0, 255), (Rune, -(1i64 << 31), (1 << 31) - 1)] {
        assert!(ok(&Value::Int(least), kind) && ok(&Value::Int(most), kind));
        assert_eq!(representable(&Value::Int(least - 1), kind), Err(Why::Overflows));
        assert_eq!(representable(&Value::Int(most + 1), kind), Err(Why::Overflows));
    }
    assert!(ok(&power(63), Uint64) && ok(&power(63), Uint) && ok(&power(63), UntypedRune));
    assert!(!ok(&power(63), Int64) && !ok(&power(64), Uintptr) && !ok(&Value::Int(-1), Uint));
    assert!(ok(&float("1e100"), UntypedInt) && !ok(&float("1.5"), UntypedInt));
    assert_eq!(representable(&float("1e100"), Int), Err(Why::Overflows));
    assert_eq!(representable(&float("1.5"), Int), Err(Why::Truncated));
    assert_eq!(representable(&Value::Int(1), Basic::Bool), Err(Why::Mismatched));
    assert_eq!(representable(&Value::Bool(true), Float32), Err(Why::Mismatched));
    assert_eq!(representable(&Value::from_bytes(b"a"), Int), Err(Why::Mismatched));
    assert_eq!(representable(&Value::Unknown, Int), Ok(Value::Unknown));
    let rounded = |text: &str, kind| representable(&float(text), kind);
    assert_eq!(rounded("16777217.0", Float32), Ok(Value::Int(16_777_216)));
    assert_eq!(rounded("9007199254740993.0", Float64), Ok(Value::Int(9_007_199_254_740_992)));
    assert_eq!(rounded("0.1", Float64), Ok(Value::from_f64(0.1)));
    assert_eq!(round64(&unary(UnOp::Minus, &float("1e-400"), None)), Some(Value::Int(0)));
    assert_eq!(rounded("1e-5000", Float32), Ok(Value::Int(0)));
    assert_eq!(rounded("7.006492321624085e-46", Float32), Ok(Value::Int(0)));
    assert_eq!(rounded("7.006492321624086e-46", Float32).as_ref().ok().and_then(to_f32), Some(1e-45));
    assert_eq!(rounded("1.7976931348623159e308", Float64), Err(Why::Overflows));
    assert_eq!(rounded("1e5000", Float64), Err(Why::Overflows));
    assert!(ok(&int("340282356779733661637539395458142568447"), Float32));
    assert!(!ok(&int("340282356779733661637539395458142568448"), Float32));
}

#[test]
fn characters_from_integers() {
    let text = |x: &Value| int_to_string(x).as_text().map(|t| t.bytes().to_vec());
    assert_eq!(text(&Value::Int(0x1f600)).as_deref(), Some("😀".as_bytes()));
    for bad in [Value::Int(-1), Value::Int(0xd800), Value::Int(0x11_0000), Value::Int(1 << 33), power(70)] {
        assert_eq!(text(&bad).as_deref(), Some("\u{fffd}".as_bytes()));
    }
}

#[test]
fn long_concatenations_are_cheap_and_deep_ones_safe() {
    let piece = Value::from_bytes(&[b'a'; 50]);
    let left = (0..200_000).fold(piece.clone(), |s, _| op(BinOp::Add, &s, &piece));
    let right = (0..200_000).fold(piece.clone(), |s, _| op(BinOp::Add, &piece, &s));
    assert_eq!(left, right);
    assert_eq!(left.as_text().map(|t| t.bytes().len()), Some(200_001 * 50));
    assert_eq!(compare(BinOp::Lt, &left, &op(BinOp::Add, &right, &Value::from_bytes(b"b"))), Some(true));
    assert_eq!(left.to_string_short(false).len(), 72);
}

#[test]
fn unknown_stays_unknown() {
    let (x, one) = (Value::Unknown, Value::Int(1));
    assert_eq!(binary(BinOp::Add, &x, &one, INT), Ok(Value::Unknown));
    assert_eq!(binary(BinOp::Lt, &x, &one, INT), Ok(Value::Unknown));
    assert_eq!(binary(BinOp::Add, &Value::from_bytes(b"a"), &one, INT), Ok(Value::Unknown));
    assert_eq!(unary(UnOp::Minus, &x, None), Value::Unknown);
    assert_eq!(shift(BinOp::Shl, &float("0.5"), 1), Value::Unknown);
    assert_eq!(compare(BinOp::Lt, &Value::Bool(true), &Value::Bool(false)), None);
}

/// Numbers near the edges of the machine's integers, and everywhere else.
fn any_int() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -20..20i64,
        (0..64u32).prop_map(|n| 1i64.wrapping_shl(n)),
        (0..20i64).prop_map(|d| i64::MIN + d)
    ]
}

const ARITHMETIC: [BinOp; 9] =
    [BinOp::Add, BinOp::Sub, BinOp::Mul, BinOp::Div, BinOp::Rem, BinOp::And, BinOp::Or, BinOp::Xor, BinOp::AndNot];

proptest! {
    #[test]
    fn integers_agree_with_i128(a in any_int(), b in any_int(), which in 0..ARITHMETIC.len()) {
        let (wide_a, wide_b) = (i128::from(a), i128::from(b));
        let wanted = match ARITHMETIC[which] {
            BinOp::Add => Some(wide_a + wide_b),
            BinOp::Sub => Some(wide_a - wide_b),
            BinOp::Mul => Some(wide_a * wide_b),
            BinOp::Div => wide_a.checked_div(wide_b),
            BinOp::Rem => wide_a.checked_rem(wide_b),
            BinOp::And => Some(wide_a & wide_b),
            BinOp::Or => Some(wide_a | wide_b),
            BinOp::Xor => Some(wide_a ^ wide_b),
            _ => Some(wide_a & !wide_b),
        };
        let found = binary(ARITHMETIC[which], &Value::Int(a), &Value::Int(b), INT);
        prop_assert_eq!(found.ok(), wanted.map(|x| Value::from_big(x.into())));
    }

    #[test]
    fn small_and_big_integers_agree(a in any_int(), b in any_int(), n in 0..200u32, which in 0..ARITHMETIC.len()) {
        // (a·2^n op b·2^n) is computed with big numbers, a op b with small ones.
        let (x, y) = (shift(BinOp::Shl, &Value::Int(a), n), shift(BinOp::Shl, &Value::Int(b), n));
        prop_assert_eq!(shift(BinOp::Shr, &x, n), Value::Int(a));
        let op = ARITHMETIC[which];
        let (small, big) = (binary(op, &Value::Int(a), &Value::Int(b), INT), binary(op, &x, &y, INT));
        let scale = match op { BinOp::Mul => 2 * n, BinOp::Div => 0, _ => n };
        prop_assert_eq!(small.map(|v| shift(BinOp::Shl, &v, scale)), big);
        prop_assert_eq!(compare(BinOp::Lt, &x, &y), Some(a < b));
    }

    #[test]
    fn decimal_integers_survive_text(a in any::<u64>(), b in any::<u64>(), c in any::<u64>()) {
        let text = format!("{}{b}{c}", a | 1);
        prop_assert_eq!(int(&text).to_string_short(false), text.clone());
        prop_assert_eq!(float(&format!("{text}.0")), int(&text));
        prop_assert_eq!(float(&format!("{text}e-3")), op(BinOp::Div, &int(&text), &Value::Int(1000)));
    }

    #[test]
    fn floats_round_as_the_standard_library_does(mant in any::<u64>(), short in any::<bool>(), exp in -400..330i32) {
        let mant = if short { mant % 100_000 } else { mant };
        let text = format!("{mant}e{}", if short { exp % 30 } else { exp });
        let value = float(&text);
        let wanted = text.parse::<f64>().ok().filter(|x| x.is_finite());
        prop_assert_eq!(to_f64(&value), wanted);
        prop_assert_eq!(round64(&value), wanted.map(Value::from_f64));
        let wanted = text.parse::<f32>().ok().filter(|x| x.is_finite());
        prop_assert_eq!(to_f32(&value), wanted);
        prop_assert_eq!(round32(&value), wanted.map(|x| Value::from_f64(x.into())));
    }

    #[test]
    fn machine_floats_are_exact(bits in any::<u64>()) {
        let x = f64::from_bits(bits);
        prop_assume!(x.is_finite());
        let value = Value::from_f64(x);
        prop_assert_eq!(to_f64(&value), Some(x));
        prop_assert_eq!(to_f32(&value), Some(x as f32).filter(|x| x.is_finite()));
        prop_assert_eq!(float(&format!("{x:e}").replace('-', "")).sign(), i32::from(x != 0.0));
    }

    #[test]
    fn fractions_form_a_field(a in any_int(), b in any_int(), c in any_int(), d in any_int()) {
        prop_assume!(b != 0 && c != 0 && d != 0);
        let quotient = |a, b| op(BinOp::Div, &Value::Int(a), &Value::Int(b));
        let (x, y) = (quotient(a, b), quotient(c, d));
        prop_assert_eq!(op(BinOp::Mul, &op(BinOp::Div, &x, &y), &y), x.clone());
        prop_assert_eq!(op(BinOp::Sub, &op(BinOp::Add, &x, &y), &y), x.clone());
        let wide = i128::from(a) * i128::from(d) * i128::from(b.signum() * d.signum());
        let other = i128::from(c) * i128::from(b) * i128::from(b.signum() * d.signum());
        prop_assert_eq!(compare(BinOp::Le, &x, &y), Some(wide <= other));
        prop_assert_eq!(compare(BinOp::Eq, &x, &y), Some(x == y));
    }

    #[test]
    fn floats_beyond_f64_agree_with_fractions(a in 1..1_000_000i64, b in 1..1_000_000i64, scale in 0..3u32) {
        // The same sum and product with and without leaving exact arithmetic.
        let far = float(["1e4000", "1e-4000", "0x1p5000"][scale as usize]);
        let (x, y) = (Value::Int(a), Value::Int(b));
        let lift = |v: &Value| op(BinOp::Mul, v, &far);
        let lower = |v: &Value| op(BinOp::Div, v, &far);
        for operator in [BinOp::Add, BinOp::Sub] {
            let there = op(operator, &lift(&x), &lift(&y));
            // A difference loses the bits that the operands share.
            prop_assert_eq!(round64(&lower(&there)), Some(op(operator, &x, &y)));
        }
        prop_assert_eq!(compare(BinOp::Lt, &lift(&x), &lift(&y)), Some(a < b));
        prop_assert_eq!(to_f64(&lower(&lift(&op(BinOp::Div, &x, &y)))), Some(a as f64 / b as f64));
    }

    #[test]
    fn ranges_of_integer_kinds(x in any_int(), kind in proptest::sample::select(&Basic::ALL[..])) {
        if !kind.is_integer() {
            return Ok(());
        }
        let wide = i128::from(x);
        let fits = match (kind.bits(), kind.is_unsigned()) {
            (None, _) => true,
            (Some(bits), true) => wide >= 0 && wide < 1 << bits,
            (Some(bits), false) => wide >= -(1 << (bits - 1)) && wide < 1 << (bits - 1),
        };
        prop_assert_eq!(representable(&Value::Int(x), kind).is_ok(), fits);
    }

    #[test]
    fn texts_compare_as_bytes(
        parts in proptest::collection::vec(proptest::collection::vec(0..3u8, 0..200), 1..8),
        at in 0..8usize,
    ) {
        let whole = parts.concat();
        let pieces: Vec<Text> = parts.iter().map(|p| Text::new(p.as_slice())).collect();
        let joined = pieces.iter().fold(Text::new([]), |a, b| a.concat(b).unwrap_or_else(|len| panic!("{len}")));
        let flat = Text::new(whole.as_slice());
        prop_assert_eq!(&joined, &flat);
        prop_assert_eq!(joined.prefix(100), whole[..whole.len().min(100)].to_vec());
        prop_assert_eq!(joined.bytes(), &whole[..]);
        let other = &pieces[at % pieces.len()];
        prop_assert_eq!(joined.cmp(other), whole.as_slice().cmp(other.bytes()));
    }
}
