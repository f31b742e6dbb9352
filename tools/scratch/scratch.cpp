#include "Compress/IR/Store.h"
#include "Compress/IR/Compress.h"
#include "compress/Import/Import.h"
#include "compress/Target/Compile.h"
#include "compress/Tools/Register.h"
#include "compress_runtime/Bench.h"
#include "compress_runtime/CommandLine.h"
#include "compress_runtime/Perplexity.h"
#include "compress_runtime/ThreadPool.h"
#include "compress_runtime/Payload.h"
#include "mlir/IR/MLIRContext.h"
#include <sys/mman.h>
#include <chrono>
#include <fstream>
#include <sstream>
using namespace mlir; using namespace mlir::compress; using namespace compresslib;
static double now(){return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();}
int main(int argc,char**argv){
  // scratch model text context activations isa docs threads out
  DialectRegistry r; registerAllDialectsAndExtensions(r);
  MLIRContext ctx(r);
  double t=now();
  StringRef in=argv[1];
  setBaseFolder(r, in.substr(0,in.rfind('/')));
  ctx.appendDialectRegistry(r);
  auto m=importFile(argv[1],&ctx);
  if(failed(m)) return 1;
  fprintf(stderr,"import %.3f\n",now()-t); t=now();
  CompileOptions o; o.activations=argv[4]; std::string err;
  auto sets=parseTarget(argv[5],err); if(failed(sets)){puts(err.c_str());return 1;} o.instructionSets=*sets;
  auto c=compileModel(**m,o); if(failed(c)) return 1;
  fprintf(stderr,"compile %.3f\n",now()-t); t=now();
  std::vector<uint8_t> w; size_t n=c->weightsBytes; uint8_t*buf=(uint8_t*)mmap(0,n+4096,PROT_READ|PROT_WRITE,MAP_PRIVATE|MAP_ANONYMOUS,-1,0); size_t at=0;
  if(failed(writePackedWeights(*c,[&](const uint8_t*p,size_t k){memcpy(buf+at,p,k);at+=k;return true;}))) return 1;
  fprintf(stderr,"pack %.3f bytes %zu %zu\n",now()-t,n,at); t=now();
  auto j=JitProgram::create(*c,&ctx); if(failed(j)) return 1;
  fprintf(stderr,"jit %.3f\n",now()-t); t=now();
  auto pool=rt::ThreadPool::create({atoi(argv[7]),true,false}); 
  auto model=rt::Model::create((*j)->get(),buf,n,**pool,{});
  if(!model){puts(model.error().message.c_str());return 1;}
  std::string tok;
  for(auto&k:WeightStore::getNamedKeys(**m)) if(StringRef(k).starts_with("tokenizer-")){auto b=ctx.getLoadedDialect<CompressDialect>()->getStore().lookup(k); tok.assign((const char*)b->bytes.data(),b->bytes.size());}
  auto codec=rt::loadTokenizerCodec(tok); if(!codec){puts(codec.error().message.c_str());return 1;}
  if (StringRef(argv[2])!="-"){
  std::ifstream f(argv[2]); std::stringstream ss; ss<<f.rdbuf();
  rt::TextOptions to; to.context=atoi(argv[3]); to.documents=atoi(argv[6]); to.bos=codec->bos; if(argc>9) to.chunks=atoi(argv[9]);
  auto seq=rt::cutText(ss.str(),to,codec->encode); if(!seq){puts(seq.error().message.c_str());return 1;}
  auto s=rt::perplexity(**model,*seq); if(!s){puts(s.error().message.c_str());return 1;}
  printf("nll %.6f ppl %.4f scored %ld\n",s->nll,s->perplexity,(long)s->scored);
  fprintf(stderr,"eval %.3f\n",now()-t); t=now();
  }
  auto b=rt::bench(**model,{});
  if(b) printf("prefill %.1f decode %.1f\n", b->prefillTokensPerSecond, b->decodeTokensPerSecond);
  if(argc>8&&StringRef(argv[8])!="-"){ std::string exe=std::string(argv[8])+".exe"; auto st=linkExecutable(*c,exe); if(!st){puts(st.error().message.c_str());return 1;}
   rt::EdgeBinary e; e.executable={rt::Section::ofFile(exe,0,0)}; struct stat; std::ifstream fe(exe,std::ios::ate); e.executable[0].length=fe.tellg(); e.weights={rt::Section::ofMemory(buf,n)}; e.tokenizer=rt::Section::ofText(tok); e.metadata.name="primer"; e.metadata.parameters=5770496; e.metadata.endTokens={0};
   auto ws=rt::writeEdgeBinary(argv[8],e); if(!ws){puts(ws.error().message.c_str());return 1;}
   fprintf(stderr,"link %.3f\n",now()-t);
  }
}
