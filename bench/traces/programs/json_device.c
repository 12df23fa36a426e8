// SPDX-License-Identifier: MIT
// A device keeps its state as a JSON document: it parses commands, edits the state, and prints it.
//
//     json_device COMMANDS
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

static cJSON* new_sensor(unsigned number) {
  char name[32];
  cJSON* sensor = cJSON_CreateObject();
  snprintf(name, sizeof name, "sensor-%u-%s", number, number % 3 ? "heat" : "pressure");
  cJSON_AddStringToObject(sensor, "name", name);
  cJSON_AddNumberToObject(sensor, "limit", random_below(1000));
  cJSON_AddBoolToObject(sensor, "on", number % 2 == 0);
  cJSON_AddArrayToObject(sensor, "history");
  return sensor;
}

// A command as it would come over the wire.
static void write_command(char* text, size_t size, unsigned number, int sensors) {
  snprintf(text, size,
           "{\"id\": %u, \"sensor\": %u, \"set\": {\"limit\": %u.5, \"note\": \"%.*s\", \"on\": %s}, \"values\": [%u, "
           "%u, %u]}",
           number, random_below((uint32_t)sensors), random_below(1000), (int)random_below(40),
           "set by the operator on the night shift after the alarm", random_below(2) ? "true" : "false",
           random_below(100), random_below(100), random_below(100));
}

static void apply(cJSON* sensor, const cJSON* command) {
  const cJSON* change = NULL;
  cJSON_ArrayForEach(change, cJSON_GetObjectItem(command, "set")) {
    if (cJSON_HasObjectItem(sensor, change->string)) {
      cJSON_ReplaceItemInObject(sensor, change->string, cJSON_Duplicate(change, 1));
    } else {
      cJSON_AddItemToObject(sensor, change->string, cJSON_Duplicate(change, 1));
    }
  }
  cJSON* history = cJSON_GetObjectItem(sensor, "history");
  const cJSON* value = NULL;
  cJSON_ArrayForEach(value, cJSON_GetObjectItem(command, "values")) {
    cJSON_AddItemToArray(history, cJSON_CreateNumber(value->valuedouble));
  }
  while (cJSON_GetArraySize(history) > 24) cJSON_DeleteItemFromArray(history, 0);
}

int main(int count, char** arguments) {
  if (count != 2) return fputs("json_device: the number of commands is missing\n", stderr), 2;
  const unsigned commands = (unsigned)atoi(arguments[1]);
  cJSON* state = cJSON_CreateArray();
  for (unsigned number = 0; number < 40; ++number) cJSON_AddItemToArray(state, new_sensor(number));
  size_t printed = 0;
  for (unsigned number = 0; number < commands; ++number) {
    char text[512];
    write_command(text, sizeof text, number, cJSON_GetArraySize(state));
    cJSON* command = cJSON_Parse(text);
    if (command == NULL) return fputs("json_device: a command does not parse\n", stderr), 1;
    cJSON* sensor = cJSON_GetArrayItem(state, cJSON_GetObjectItem(command, "sensor")->valueint);
    apply(sensor, command);
    char* answer = cJSON_PrintUnformatted(sensor);
    printed += strlen(answer);
    cJSON_free(answer);
    cJSON_Delete(command);
    if (number % 200 == 199) {  // a sensor is replaced, and the whole state is saved and read again
      cJSON_ReplaceItemInArray(state, (int)random_below(40), new_sensor(number));
      char* saved = cJSON_Print(state);
      printed += strlen(saved);
      cJSON_Delete(state);
      state = cJSON_Parse(saved);
      cJSON_free(saved);
    }
  }
  cJSON_Delete(state);
  printf("%zu bytes\n", printed);
  return 0;
}
