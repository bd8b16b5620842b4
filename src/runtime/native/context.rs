//! Package `context`.

use super::reflect;
use crate::runtime::interp::native::Table;

pub(super) const TABLE: Table = &[("isComparable", reflect::is_comparable), ("typeName", reflect::type_name)];
