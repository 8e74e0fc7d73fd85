/* A Modbus slave on libmodbus, for tests: unit 1, holding registers 100..299, input registers 300..399.
 *
 *   libmodbus_slave tcp PORT     libmodbus_slave rtu DEVICE BAUD
 *
 * Holding register N holds N + 7, input register N holds 65535 - N. It prints "ready" when it serves.
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fill(modbus_mapping_t *map) {
    for (int at = 0; at < map->nb_registers; at++)
        map->tab_registers[at] = (uint16_t)(map->start_registers + at + 7);
    for (int at = 0; at < map->nb_input_registers; at++)
        map->tab_input_registers[at] = (uint16_t)(65535 - (map->start_input_registers + at));
}

static void serve(modbus_t *line, modbus_mapping_t *map) {
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    for (;;) {
        int length = modbus_receive(line, query);
        if (length > 0)
            modbus_reply(line, query, length, map);
        else if (length < 0 && errno != EMBBADCRC && errno != EMBBADDATA)
            return;
    }
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    modbus_mapping_t *map = modbus_mapping_new_start_address(0, 0, 0, 0, 100, 200, 300, 100);
    if (map == NULL)
        return 1;
    fill(map);
    if (strcmp(argv[1], "rtu") == 0) {
        modbus_t *line = modbus_new_rtu(argv[2], argc > 3 ? atoi(argv[3]) : 9600, 'N', 8, 1);
        modbus_set_slave(line, 1);
        if (modbus_connect(line) < 0)
            return 1;
        puts("ready");
        fflush(stdout);
        for (;;)
            serve(line, map);
    }
    modbus_t *line = modbus_new_tcp("127.0.0.1", atoi(argv[2]));
    int socket = modbus_tcp_listen(line, 4);
    if (socket < 0)
        return 1;
    puts("ready");
    fflush(stdout);
    for (;;) {
        if (modbus_tcp_accept(line, &socket) < 0)
            return 1;
        serve(line, map);
        modbus_close(line);
    }
}
