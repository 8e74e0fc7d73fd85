// A Modbus TCP server on npm's modbus-serial, for tests: `node modbus_serial_server.js MODULES PORT`.
// Unit 1: holding register N in 100..299 holds N + 7, input register N in 300..399 holds 65535 - N.
const path = require("node:path");
const { ServerTCP } = require(path.join(process.argv[2], "modbus-serial"));

function word(value, address, first, last) {
  if (address >= first && address <= last) return value;
  throw Object.assign(new Error("illegal address"), { modbusErrorCode: 2 });
}

const vector = {
  getHoldingRegister: (address) => word(address + 7, address, 100, 299),
  getInputRegister: (address) => word(65535 - address, address, 300, 399),
};
const options = { host: "127.0.0.1", port: Number(process.argv[3]), unitID: 1 };
new ServerTCP(vector, options).on("initialized", () => console.log("ready"));
