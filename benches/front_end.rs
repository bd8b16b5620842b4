//! How fast the front end is: lines in a second, on one core, at three sizes. The same throughput at each size means
//! that time is linear in size.
//!
//! `parse` reads a text into a tree. `check` is all that `vm check` does short of reading the file: finding packages,
//! parsing and type-checking the program with the standard packages that it imports. Their lines are counted too;
//! beside 1,000 lines of program they are most of the work.
//!
//! Run with `cargo bench --bench front_end`.

use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tricolor::base::SourceMap;
use tricolor::compiler::check_program;
use tricolor::compiler::load::SourceReader;
use tricolor::compiler::syntax::ast::Ast;
use tricolor::compiler::syntax::parse_file;

mod generate;

/// Lengths of the programs, in lines.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
/// How the program is called.
const NAME: &str = "main.lang";

/// The one file there is.
struct Single(String);

impl SourceReader for Single {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == Path::new(NAME) { Ok(self.0.clone().into_bytes()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    group.sample_size(20).measurement_time(Duration::from_secs(4));
    for size in SIZES {
        let mut sources = SourceMap::new();
        let file = sources.add(NAME, generate::program(size)).expect("a small text");
        group.throughput(Throughput::Elements(sources.file(file).line_count() as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_with_large_drop(|| {
                let mut ast = Ast::new();
                let (_, diagnostics) = parse_file(&mut ast, black_box(&sources), file);
                assert!(diagnostics.is_empty());
                ast
            });
        });
    }
    group.finish();
}

fn check(c: &mut Criterion) {
    let mut group = c.benchmark_group("check");
    group.sample_size(20).measurement_time(Duration::from_secs(4));
    for size in SIZES {
        let reader = Single(generate::program(size));
        let checked = check_program(Path::new(NAME), &reader);
        assert!(checked.diagnostics.is_empty(), "the generated program is wrong: {:?}", checked.diagnostics.first());
        let lines: usize = checked.sources.files().map(|(_, file)| file.line_count()).sum();
        group.throughput(Throughput::Elements(lines as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_with_large_drop(|| check_program(Path::new(NAME), black_box(&reader)));
        });
    }
    group.finish();
}

criterion_group!(benches, parse, check);
criterion_main!(benches);
