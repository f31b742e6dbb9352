/* Runs a compute shader with three storage buffers.
 *
 * vulkan SHADER ENTRY GROUPS WEIGHTS INPUT OUTPUT OUTPUT-BYTES */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

static void check(VkResult result, const char *what) {
  if (result == VK_SUCCESS)
    return;
  fprintf(stderr, "%s: error %d\n", what, result);
  exit(1);
}

static void *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(1);
  }
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  void *bytes = malloc(*size);
  if (fread(bytes, 1, *size, file) != *size)
    exit(1);
  fclose(file);
  return bytes;
}

enum { buffer_count = 3 };

int main(int argc, char **argv) {
  if (argc != 8)
    return 2;
  size_t code_size, sizes[buffer_count];
  uint32_t *code = read_file(argv[1], &code_size);
  void *contents[buffer_count] = {read_file(argv[4], &sizes[0]),
                                  read_file(argv[5], &sizes[1]), NULL};
  sizes[2] = (size_t)atol(argv[7]);

  VkInstance instance;
  check(vkCreateInstance(
            &(VkInstanceCreateInfo){
                .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                .pApplicationInfo =
                    &(VkApplicationInfo){
                        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                        .apiVersion = VK_API_VERSION_1_1}},
            NULL, &instance),
        "vkCreateInstance");
  uint32_t count = 1;
  VkPhysicalDevice physical;
  VkResult found = vkEnumeratePhysicalDevices(instance, &count, &physical);
  if (!count || (found != VK_SUCCESS && found != VK_INCOMPLETE))
    check(VK_ERROR_INITIALIZATION_FAILED, "vkEnumeratePhysicalDevices");
  VkPhysicalDeviceProperties properties;
  vkGetPhysicalDeviceProperties(physical, &properties);
  printf("%s\n", properties.deviceName);
  float priority = 1;
  VkDevice device;
  check(vkCreateDevice(
            physical,
            &(VkDeviceCreateInfo){
                .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                .queueCreateInfoCount = 1,
                .pQueueCreateInfos =
                    &(VkDeviceQueueCreateInfo){
                        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                        .queueCount = 1,
                        .pQueuePriorities = &priority}},
            NULL, &device),
        "vkCreateDevice");
  VkQueue queue;
  vkGetDeviceQueue(device, 0, 0, &queue);

  VkPhysicalDeviceMemoryProperties memory;
  vkGetPhysicalDeviceMemoryProperties(physical, &memory);
  VkBuffer buffers[buffer_count];
  void *mapped[buffer_count];
  VkDescriptorSetLayoutBinding bindings[buffer_count];
  for (uint32_t i = 0; i < buffer_count; ++i) {
    check(vkCreateBuffer(device,
                         &(VkBufferCreateInfo){
                             .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                             .size = sizes[i],
                             .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT},
                         NULL, &buffers[i]),
          "vkCreateBuffer");
    VkMemoryRequirements needs;
    vkGetBufferMemoryRequirements(device, buffers[i], &needs);
    VkMemoryPropertyFlags wanted = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                   VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    uint32_t type = 0;
    while (type < memory.memoryTypeCount &&
           (!(needs.memoryTypeBits >> type & 1) ||
            (memory.memoryTypes[type].propertyFlags & wanted) != wanted))
      ++type;
    VkDeviceMemory block;
    check(vkAllocateMemory(device,
                           &(VkMemoryAllocateInfo){
                               .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                               .allocationSize = needs.size,
                               .memoryTypeIndex = type},
                           NULL, &block),
          "vkAllocateMemory");
    check(vkBindBufferMemory(device, buffers[i], block, 0),
          "vkBindBufferMemory");
    check(vkMapMemory(device, block, 0, VK_WHOLE_SIZE, 0, &mapped[i]),
          "vkMapMemory");
    if (contents[i])
      memcpy(mapped[i], contents[i], sizes[i]);
    else
      memset(mapped[i], 0xff, sizes[i]);
    bindings[i] = (VkDescriptorSetLayoutBinding){
        .binding = i,
        .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        .descriptorCount = 1,
        .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
  }

  VkDescriptorSetLayout set_layout;
  check(vkCreateDescriptorSetLayout(
            device,
            &(VkDescriptorSetLayoutCreateInfo){
                .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                .bindingCount = buffer_count,
                .pBindings = bindings},
            NULL, &set_layout),
        "vkCreateDescriptorSetLayout");
  VkPipelineLayout layout;
  check(vkCreatePipelineLayout(
            device,
            &(VkPipelineLayoutCreateInfo){
                .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                .setLayoutCount = 1,
                .pSetLayouts = &set_layout},
            NULL, &layout),
        "vkCreatePipelineLayout");
  VkShaderModule shader;
  check(vkCreateShaderModule(
            device,
            &(VkShaderModuleCreateInfo){
                .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                .codeSize = code_size,
                .pCode = code},
            NULL, &shader),
        "vkCreateShaderModule");
  VkPipeline pipeline;
  check(vkCreateComputePipelines(
            device, VK_NULL_HANDLE, 1,
            &(VkComputePipelineCreateInfo){
                .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                .stage =
                    {.sType =
                         VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                     .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                     .module = shader,
                     .pName = argv[2]},
                .layout = layout},
            NULL, &pipeline),
        "vkCreateComputePipelines");

  VkDescriptorPool pool;
  check(vkCreateDescriptorPool(
            device,
            &(VkDescriptorPoolCreateInfo){
                .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                .maxSets = 1,
                .poolSizeCount = 1,
                .pPoolSizes =
                    &(VkDescriptorPoolSize){VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                            buffer_count}},
            NULL, &pool),
        "vkCreateDescriptorPool");
  VkDescriptorSet set;
  check(vkAllocateDescriptorSets(
            device,
            &(VkDescriptorSetAllocateInfo){
                .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                .descriptorPool = pool,
                .descriptorSetCount = 1,
                .pSetLayouts = &set_layout},
            &set),
        "vkAllocateDescriptorSets");
  for (uint32_t i = 0; i < buffer_count; ++i)
    vkUpdateDescriptorSets(
        device, 1,
        &(VkWriteDescriptorSet){
            .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
            .dstSet = set,
            .dstBinding = i,
            .descriptorCount = 1,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .pBufferInfo =
                &(VkDescriptorBufferInfo){buffers[i], 0, VK_WHOLE_SIZE}},
        0, NULL);

  VkCommandPool commands;
  check(vkCreateCommandPool(
            device,
            &(VkCommandPoolCreateInfo){
                .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO},
            NULL, &commands),
        "vkCreateCommandPool");
  VkCommandBuffer command;
  check(vkAllocateCommandBuffers(
            device,
            &(VkCommandBufferAllocateInfo){
                .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                .commandPool = commands,
                .commandBufferCount = 1},
            &command),
        "vkAllocateCommandBuffers");
  check(vkBeginCommandBuffer(
            command,
            &(VkCommandBufferBeginInfo){
                .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO}),
        "vkBeginCommandBuffer");
  vkCmdBindPipeline(command, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
  vkCmdBindDescriptorSets(command, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1,
                          &set, 0, NULL);
  vkCmdDispatch(command, (uint32_t)atoi(argv[3]), 1, 1);
  check(vkEndCommandBuffer(command), "vkEndCommandBuffer");
  check(vkQueueSubmit(queue, 1,
                      &(VkSubmitInfo){.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                      .commandBufferCount = 1,
                                      .pCommandBuffers = &command},
                      VK_NULL_HANDLE),
        "vkQueueSubmit");
  check(vkQueueWaitIdle(queue), "vkQueueWaitIdle");

  FILE *file = fopen(argv[6], "wb");
  if (!file || fwrite(mapped[2], 1, sizes[2], file) != sizes[2] ||
      fclose(file)) {
    perror(argv[6]);
    return 1;
  }
  return 0;
}
