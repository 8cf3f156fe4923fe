//! Registers as people read them.

use std::io::{self, Write};

use xt211_message::{Register, Registers, Value};

/// Prints a line for each: code, name, value, unit.
pub(super) fn show_registers(registers: &Registers<'_>, out: &mut impl Write) -> io::Result<()> {
    for Register { code, value } in registers {
        let meaning = code.meaning();
        let code = code.to_string();
        let name = meaning.map_or_else(|| "(unknown)".into(), |meaning| meaning.name().to_string());
        let unit = meaning.map_or("", |meaning| meaning.unit().symbol());
        let line = match value {
            Value::Number(number) => format!("    {code:<16} {name:<28} {number:>12} {unit}"),
            Value::Text(text) => format!("    {code:<16} {name:<28} {text:?}"),
        };
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
