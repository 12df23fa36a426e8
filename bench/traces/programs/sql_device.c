// SPDX-License-Identifier: MIT
// SQLite as a device has it: in memory, with a cache of 16 pages, 1 KiB each, and without its lookaside memory.
//
//     sql_device READINGS
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "random.h"

static sqlite3* database;

static void check(int status) {
  if (status == SQLITE_OK || status == SQLITE_ROW || status == SQLITE_DONE) return;
  fprintf(stderr, "sql_device: %s\n", sqlite3_errmsg(database));
  exit(1);
}

static void run(const char* text) { check(sqlite3_exec(database, text, NULL, NULL, NULL)); }

// Each question is compiled anew, as programs do that build their SQL as text.
static void ask(const char* format, unsigned number) {
  char* text = sqlite3_mprintf(format, number);
  sqlite3_stmt* statement = NULL;
  check(sqlite3_prepare_v2(database, text, -1, &statement, NULL));
  while (sqlite3_step(statement) == SQLITE_ROW) sqlite3_column_text(statement, 0);
  check(sqlite3_finalize(statement));
  sqlite3_free(text);
}

static void add_readings(unsigned readings) {
  sqlite3_stmt* insert = NULL;
  check(sqlite3_prepare_v2(database, "INSERT INTO reading(sensor, value, note) VALUES (?, ?, printf('%.*c', ?, 'n'))",
                           -1, &insert, NULL));
  run("BEGIN");
  for (unsigned reading = 0; reading < readings; ++reading) {
    sqlite3_bind_int(insert, 1, (int)random_below(30));
    sqlite3_bind_double(insert, 2, random_below(10000) / 10.0);
    sqlite3_bind_int(insert, 3, (int)(1 + random_below(60)));
    check(sqlite3_step(insert));
    check(sqlite3_reset(insert));
  }
  run("COMMIT");
  check(sqlite3_finalize(insert));
}

int main(int count, char** arguments) {
  if (count != 2) return fputs("sql_device: the number of readings is missing\n", stderr), 2;
  sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
  check(sqlite3_open(":memory:", &database));
  run("PRAGMA page_size = 1024; PRAGMA cache_size = 16;"
      "CREATE TABLE sensor(id INTEGER PRIMARY KEY, name TEXT, place TEXT);"
      "CREATE TABLE reading(id INTEGER PRIMARY KEY, sensor INTEGER, value REAL, note TEXT);"
      "CREATE INDEX by_sensor ON reading(sensor, value);");
  for (unsigned sensor = 0; sensor < 30; ++sensor)
    ask("INSERT INTO sensor VALUES (%u, hex(randomblob(4)), 'hall')", sensor);
  for (unsigned left = (unsigned)atoi(arguments[1]); left >= 100; left -= 100) {
    add_readings(100);
    ask("SELECT name, avg(value) FROM reading JOIN sensor ON sensor.id = sensor WHERE sensor %% 7 = %u GROUP BY sensor",
        random_below(7));
    ask("SELECT group_concat(note) FROM (SELECT note FROM reading WHERE value > %u ORDER BY value LIMIT 20)",
        random_below(900));
    ask("UPDATE reading SET note = note || '!' WHERE sensor = %u", random_below(30));
    ask("DELETE FROM reading WHERE id < (SELECT max(id) FROM reading) - %u", 400 + random_below(300));
  }
  check(sqlite3_close(database));
  return 0;
}
