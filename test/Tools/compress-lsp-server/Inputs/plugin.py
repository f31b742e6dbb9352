"""plugin.py SERVER PLUGIN: the server knows the ops of the plugin signs, and only with it."""
import sys

from lsp import diagnose

server, plugin = sys.argv[1:]
module = """compress.weight @w : tensor<1x4xf32> {
  %0 = compress.constant dense<[[1, 0, 1, 0]]> : tensor<1x4xui1>
  %1 = compress.constant dense<[[2.5]]> : tensor<1x1xf16>
  %2 = signs.decode %0 : (tensor<1x4xui1>) -> tensor<1x4xsi2>
  %3 = compress.dequantize %2, %1 : (tensor<1x4xsi2>, tensor<1x1xf16>) -> tensor<1x4xf32>
  compress.yield %3 : tensor<1x4xf32>
}
"""
found, errors = diagnose([server, "--load-dialect-plugin=" + plugin], {"m": module})
assert found.get("m") == [], (found, errors)
found, errors = diagnose([server], {"m": module})
assert found.get("m"), (found, errors)
