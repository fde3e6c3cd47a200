int dummy_http_test();
