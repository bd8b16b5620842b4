//! Package `math`.

use crate::runtime::interp::native::{Call, Flow, Table};
use crate::runtime::object::Trap;

pub(super) const TABLE: Table = &[("Sqrt", |c| unary(c, f64::sqrt))];

fn unary(c: &mut Call<'_>, f: impl Fn(f64) -> f64) -> Result<Flow, Trap> {
    let x = c.float();
    c.put_float(f(x));
    Ok(Flow::Done)
}
