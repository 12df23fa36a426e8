// SPDX-License-Identifier: MIT
// A TLS server and its clients in one process, over two buffers instead of a wire: handshakes, records, goodbyes.
// Most clients come back with a ticket. The random numbers are not random, so that every run makes the same calls.
//
//     tls_device CONNECTIONS
#include <mbedtls/certs.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

struct wire {
  unsigned char bytes[1 << 15];
  size_t begin, end;
};

struct ends {
  struct wire *in, *out;
};

static int random_bytes(void* unused, unsigned char* bytes, size_t size) {
  (void)unused;
  while (size-- > 0) *bytes++ = (unsigned char)random_below(256);
  return 0;
}

static int send_bytes(void* context, const unsigned char* bytes, size_t size) {
  struct wire* wire = ((struct ends*)context)->out;
  if (wire->begin == wire->end) wire->begin = wire->end = 0;
  if (size > sizeof wire->bytes - wire->end) return MBEDTLS_ERR_SSL_WANT_WRITE;
  memcpy(wire->bytes + wire->end, bytes, size);
  wire->end += size;
  return (int)size;
}

static int receive_bytes(void* context, unsigned char* bytes, size_t size) {
  struct wire* wire = ((struct ends*)context)->in;
  if (wire->begin == wire->end) return MBEDTLS_ERR_SSL_WANT_READ;
  if (size > wire->end - wire->begin) size = wire->end - wire->begin;
  memcpy(bytes, wire->bytes + wire->begin, size);
  wire->begin += size;
  return (int)size;
}

static int check(int status) {
  if (status >= 0 || status == MBEDTLS_ERR_SSL_WANT_READ || status == MBEDTLS_ERR_SSL_WANT_WRITE) return status;
  fprintf(stderr, "tls_device: mbedtls answers -0x%04x\n", (unsigned)-status);
  exit(1);
}

static void configure(mbedtls_ssl_config* config, int end) {
  mbedtls_ssl_config_init(config);
  check(mbedtls_ssl_config_defaults(config, end, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT));
  mbedtls_ssl_conf_rng(config, random_bytes, NULL);
}

static void shake_hands(mbedtls_ssl_context* client, mbedtls_ssl_context* server) {
  int client_status, server_status;
  do {
    client_status = check(mbedtls_ssl_handshake(client));
    server_status = check(mbedtls_ssl_handshake(server));
  } while (client_status != 0 || server_status != 0);
}

static void talk(mbedtls_ssl_context* client, mbedtls_ssl_context* server) {
  static unsigned char message[4096];
  for (uint32_t left = 1 + random_below(12); left > 0; --left) {
    const size_t size = 1 + random_below(sizeof message);
    check(mbedtls_ssl_write(client, message, size));
    char* copy = malloc(size);
    for (size_t have = 0; have < size;)
      have += (size_t)check(mbedtls_ssl_read(server, (unsigned char*)copy + have, size - have));
    check(mbedtls_ssl_write(server, (unsigned char*)copy, size / 2 + 1));
    for (size_t have = 0; have < size / 2 + 1;)
      have += (size_t)check(mbedtls_ssl_read(client, message, size / 2 + 1 - have));
    free(copy);
  }
}

static void connect_once(mbedtls_ssl_config* client_config, mbedtls_ssl_config* server_config,
                         mbedtls_ssl_session* ticket, int again) {
  static struct wire up, down;
  struct ends client_ends = {&down, &up}, server_ends = {&up, &down};
  mbedtls_ssl_context client, server;
  up.begin = up.end = down.begin = down.end = 0;
  mbedtls_ssl_init(&client);
  mbedtls_ssl_init(&server);
  check(mbedtls_ssl_setup(&client, client_config));
  check(mbedtls_ssl_setup(&server, server_config));
  check(mbedtls_ssl_set_hostname(&client, "localhost"));
  mbedtls_ssl_set_bio(&client, &client_ends, send_bytes, receive_bytes, NULL);
  mbedtls_ssl_set_bio(&server, &server_ends, send_bytes, receive_bytes, NULL);
  if (again) check(mbedtls_ssl_set_session(&client, ticket));
  shake_hands(&client, &server);
  mbedtls_ssl_session_free(ticket);
  mbedtls_ssl_session_init(ticket);
  check(mbedtls_ssl_get_session(&client, ticket));
  talk(&client, &server);
  check(mbedtls_ssl_close_notify(&client));
  mbedtls_ssl_free(&client);
  mbedtls_ssl_free(&server);
}

int main(int count, char** arguments) {
  if (count != 2) return fputs("tls_device: the number of connections is missing\n", stderr), 2;
  mbedtls_ssl_config client_config, server_config;
  mbedtls_ssl_ticket_context tickets;
  mbedtls_x509_crt chain, authority;
  mbedtls_pk_context key;
  mbedtls_ssl_session ticket;
  mbedtls_x509_crt_init(&chain);
  mbedtls_x509_crt_init(&authority);
  mbedtls_pk_init(&key);
  mbedtls_ssl_session_init(&ticket);
  mbedtls_ssl_ticket_init(&tickets);
  check(mbedtls_x509_crt_parse(&chain, (const unsigned char*)mbedtls_test_srv_crt_ec, mbedtls_test_srv_crt_ec_len));
  check(mbedtls_x509_crt_parse(&authority, (const unsigned char*)mbedtls_test_ca_crt_ec, mbedtls_test_ca_crt_ec_len));
  check(
      mbedtls_pk_parse_key(&key, (const unsigned char*)mbedtls_test_srv_key_ec, mbedtls_test_srv_key_ec_len, NULL, 0));
  check(mbedtls_ssl_ticket_setup(&tickets, random_bytes, NULL, MBEDTLS_CIPHER_AES_256_GCM, 86400));
  configure(&client_config, MBEDTLS_SSL_IS_CLIENT);
  configure(&server_config, MBEDTLS_SSL_IS_SERVER);
  mbedtls_ssl_conf_ca_chain(&client_config, &authority, NULL);
  mbedtls_ssl_conf_authmode(&client_config, MBEDTLS_SSL_VERIFY_OPTIONAL);  // the certificate may have run out by now
  mbedtls_ssl_conf_session_tickets_cb(&server_config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
  check(mbedtls_ssl_conf_own_cert(&server_config, &chain, &key));
  for (int connection = 0, connections = atoi(arguments[1]); connection < connections; ++connection) {
    connect_once(&client_config, &server_config, &ticket, connection % 16 != 0);
  }
  mbedtls_ssl_session_free(&ticket);
  mbedtls_ssl_ticket_free(&tickets);
  mbedtls_ssl_config_free(&client_config);
  mbedtls_ssl_config_free(&server_config);
  mbedtls_pk_free(&key);
  mbedtls_x509_crt_free(&authority);
  mbedtls_x509_crt_free(&chain);
  return 0;
}
